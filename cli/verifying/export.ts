import { range } from '../../functions/lib/digest/problems.ts';
import type { Api } from '../api.ts';
import { writeOutput } from '../files.ts';
import type { Context, Result } from '../runner.ts';
import { clean } from '../text.ts';
import type { EventView } from '../views.ts';
import { loadDigestsOf, loadReport, type Report } from './proof.ts';
import { counted } from './verdict.ts';

/** How long an export waits for the next digest, at most: where digests are hourly it does not wait at all. */
const PATIENCE_S = 60;
const SLACK_S = 5;
const LOOK_EVERY_MS = 500;

/** The report once a digest covers the whole log, or as it is when none is due soon. */
const whenSigned = async (context: Context, api: Api, jobId: string): Promise<Report> => {
  const { sleep, interrupted } = context.world;
  for (let waited = 0; ; waited += LOOK_EVERY_MS) {
    const report = await loadReport(api, jobId);
    const due = report.interval_s <= PATIENCE_S && waited < (report.interval_s + SLACK_S) * 1000;
    if (report.problems.length > 0 || report.signed_through >= report.events || !due || interrupted.aborted) return report;
    if (waited === 0 && context.live) context.note('waiting for the next digest, so that the export can prove all of it');
    await sleep(LOOK_EVERY_MS, interrupted);
  }
};

/** Writes a log with everything that verifies it elsewhere: its events, then the digests that list it, one document per line. */
export const exportLog = async (
  context: Context,
  { api, jobId, load, file }: { api: Api; jobId: string; load: () => Promise<EventView[]>; file: string },
): Promise<Result> => {
  const report = await whenSigned(context, api, jobId);
  const events = await load();
  const digests = await loadDigestsOf(api, report.digests);
  await writeOutput(file, [...events, ...digests].map((document) => `${JSON.stringify(document)}\n`).join(''));
  const shown = clean(file);
  context.say(
    `${counted(events.length, 'event')} and ${counted(digests.length, 'digest')} written to ${shown}; verify them with "holdpoint verify --file ${shown} --key KEY.pem"`,
  );
  if (report.problems.length > 0)
    context.note(`the log does not verify: ${clean(report.problems[0]?.problem ?? '')}; see "holdpoint verify ${jobId}"`);
  const unsigned = events.length - report.signed_through;
  if (unsigned > 0)
    context.note(
      `no digest signed event ${range(report.signed_through + 1, events.length)} yet (one is written every ${report.interval_s} s): export again later for a file that proves all of it`,
    );
  return { doc: { events: events.length, digests: digests.length, signed_through: report.signed_through, file } };
};
