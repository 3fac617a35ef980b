#!/usr/bin/env bash
# Starts an execution by name, or finds the one that has that name: SPEC, NAME, MACHINE_ARN, URL.
set -euo pipefail

execution_of() {
  local machine="${MACHINE_ARN%:*}" # without the alias
  echo "${machine/:stateMachine:/:execution:}:$NAME"
}

if answer=$(aws stepfunctions start-execution --state-machine-arn "$MACHINE_ARN" --name "$NAME" --input "file://$SPEC" \
  --query executionArn --output text 2>&1); then
  execution=$answer
elif [[ $answer == *ExecutionAlreadyExists* ]]; then
  # It ended, or it has another spec. Which of the two, the execution itself says.
  execution=$(execution_of)
else
  echo "$answer" >&2
  exit 1
fi

{
  echo "execution-arn=$execution"
  echo "approvals=${URL%/}/ui/approvals"
} >>"$GITHUB_OUTPUT"
echo "Waiting for people: [decide here](${URL%/}/ui/approvals) (execution \`$NAME\`)" >>"$GITHUB_STEP_SUMMARY"
