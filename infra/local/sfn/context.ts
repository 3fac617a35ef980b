import { executionArn, machineArn, roleArn } from './arns.ts';
import { newToken } from './execution.ts';
import type { Frame } from './world.ts';

/** The context object. `Run` stands for `Execution`, whose Input and StartTime the interpreter overwrites. */
export function context(frame: Frame) {
  const { execution } = frame.world;
  const { machine, name, startedAt, redriveCount } = execution.summary;
  const input: unknown = JSON.parse(execution.input);
  return {
    Run: {
      Id: executionArn(machine, name),
      Name: name,
      Input: input,
      StartTime: new Date(startedAt).toISOString(),
      RoleArn: roleArn(machine),
      RedriveCount: redriveCount,
    },
    StateMachine: { Id: machineArn(machine), Name: machine },
    Task: {
      // Read while a task's parameters are, so it is the next attempt's. A getter one level up would be read once, at the start.
      get Token(): string {
        const journaled = execution.tasks.get(`${frame.path}${frame.attempts}`)?.token;
        return journaled ?? (frame.draft ??= newToken(execution.summary));
      },
    },
  };
}
