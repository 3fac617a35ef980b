#!/usr/bin/env bash
# What became of an execution, as a GitHub commit status: EXECUTION_ARN. Prints "<state> <description>".
set -euo pipefail

read -r status error < <(aws stepfunctions describe-execution --execution-arn "$EXECUTION_ARN" --query '[status, error]' --output text)

case "$status" in
  SUCCEEDED) echo "success done" ;;
  RUNNING | PENDING_REDRIVE) echo "pending running, or waiting for people" ;;
  ABORTED) echo "error cancelled" ;;
  TIMED_OUT) echo "error timed out" ;;
  *) echo "failure ended ${error}" ;;
esac
