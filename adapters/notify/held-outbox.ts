import type { SwitchReader } from '../../contracts/ports.ts';
import type { Outbox } from './outbox.ts';

/** The outbox while the kill switch may halt what leaves the system: what is told meanwhile is kept, and sent after the release. */
export const heldWhileHalted = (outbox: Outbox, switches: Pick<SwitchReader, 'current'>): Outbox => {
  const held = async (): Promise<boolean> => {
    const { kill, readable } = await switches.current();
    return kill.halted || !readable;
  };
  return {
    record: (drafted) => outbox.record(drafted),
    notify: async (drafted) => {
      if (!(await held())) return outbox.notify(drafted);
      return (await outbox.record(drafted)) ? 'later' : 'elsewhere';
    },
    flush: async (jobId) => ((await held()) ? { sent: 0, dead: 0, later: 0, problems: [] } : outbox.flush(jobId)),
  };
};
