import { Command, CommanderError } from 'commander';
import { CliError, EXIT, usage } from './exit.ts';
import type { Verb } from './options.ts';
import { createRunner, reportError } from './runner.ts';
import { approvals } from './verbs/approvals.ts';
import { approve } from './verbs/approve.ts';
import { cancel } from './verbs/cancel.ts';
import { cassette } from './verbs/cassette.ts';
import { cost } from './verbs/cost.ts';
import { flags } from './verbs/flags.ts';
import { jobs } from './verbs/jobs.ts';
import { kill } from './verbs/kill.ts';
import { llmSites } from './verbs/llm-sites.ts';
import { login } from './verbs/login.ts';
import { metrics } from './verbs/metrics.ts';
import { reconcile } from './verbs/reconcile.ts';
import { redact } from './verbs/redact.ts';
import { redrive } from './verbs/redrive.ts';
import { regress } from './verbs/regress.ts';
import { rehearseUpgrade } from './verbs/rehearse-upgrade.ts';
import { reject } from './verbs/reject.ts';
import { releaseGate } from './verbs/release-gate.ts';
import { resume } from './verbs/resume.ts';
import { revise } from './verbs/revise.ts';
import { rollout } from './verbs/rollout.ts';
import { smoke } from './verbs/smoke.ts';
import { snapshot } from './verbs/snapshot.ts';
import { status } from './verbs/status.ts';
import { submit } from './verbs/submit.ts';
import { telemetry } from './verbs/telemetry.ts';
import { timeline } from './verbs/timeline.ts';
import { up } from './verbs/up.ts';
import { verify } from './verbs/verify.ts';
import { watch } from './verbs/watch.ts';
import type { World } from './world.ts';

/** In the order of their use; help lists them so. */
const VERBS: readonly Verb[] = [
  ...[up, submit, jobs, approvals, status, watch],
  ...[approve, reject, revise, resume, cancel, redrive],
  ...[timeline, verify, snapshot, reconcile, metrics, telemetry, cost, rehearseUpgrade],
  ...[flags, kill, rollout, smoke, releaseGate],
  ...[cassette, regress, redact, llmSites, login],
];

const EXIT_CODES = `
Exit codes:
  0 done and good             4 not found      69 service unavailable
  1 ended badly               5 conflict       75 try again later
  2 usage or invalid input    6 forbidden
  3 still waiting when the time was up`;

const createProgram = (world: World): Command => {
  const program = new Command('holdpoint')
    .description('Runs LLM-assisted jobs behind hold points.')
    .version(world.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
      // Errors are reported by the runner, in one shape.
      outputError: () => {},
      getOutHelpWidth: () => world.stdout.columns,
      getErrHelpWidth: () => world.stderr.columns,
      getOutHasColors: () => world.stdout.tty && !world.env.noColor,
      getErrHasColors: () => world.stderr.tty && !world.env.noColor,
    })
    .addHelpText('after', EXIT_CODES);
  return program;
};

const helpOf = (program: Command, argv: readonly string[]): string => {
  const verb = program.commands.find((command) => command.name() === argv[0]);
  return `see "holdpoint${verb ? ` ${verb.name()}` : ''} --help"`;
};

const usageError = (program: Command, argv: readonly string[], error: CommanderError): CliError =>
  usage(
    error.code === 'commander.help'
      ? `holdpoint ${argv.join(' ')} is not complete`
      : error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' '),
    helpOf(program, argv),
  );

/** Runs one command line. @returns its exit code */
export const runCli = async (argv: readonly string[], world: World): Promise<number> => {
  const program = createProgram(world);
  let exit: number = EXIT.good;
  const run = createRunner(world, (code) => {
    exit = code;
  });
  for (const verb of VERBS) verb(program, run);
  const json = argv.includes('--json');
  if (argv.length === 0) {
    world.stderr.write(program.helpInformation());
    return reportError(world, usage('no verb was given', helpOf(program, argv)), json);
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(world, error, json);
    return error.exitCode === 0 ? EXIT.good : reportError(world, usageError(program, argv, error), json);
  }
};
