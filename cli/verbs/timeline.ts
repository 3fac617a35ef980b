import { AUDIT } from '../../contracts/events.ts';
import { auditText } from '../audit.ts';
import { relativeTime } from '../duration.ts';
import { usage } from '../exit.ts';
import { loadAudit, loadEvents } from '../jobs.ts';
import { degradedWhy, eventLabels, paintLabel, paintLabels } from '../labels.ts';
import { parseActor, parseEventType, parseJobId, parseRunId, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { stageLine } from '../stages.ts';
import { type Column, renderTable } from '../table.ts';
import { clean, wrap } from '../text.ts';
import { exportLog } from '../verifying/export.ts';
import type { EventView } from '../views.ts';

type Options = CommonOptions & { audit?: true; run?: string; actor?: string; type?: string; export?: string };

const SHORT_DIGEST = 12;
/** Below this width a table would cut what matters. */
const TABLE_COLUMNS = 120;

/** Digest of the evidence the actor saw. */
const digestSeen = (event: EventView, live: boolean): string => {
  const digest = event.outputs['subject_digest'];
  if (typeof digest !== 'string') return '';
  const hex = clean(digest).replace(/^sha256:/, '');
  return live ? hex.slice(0, SHORT_DIGEST) : hex;
};

/** Who acted, how that is known, and from where. */
const whoOf = ({ actor, outputs }: EventView): string => {
  const how = [actor.identity === 'none' ? actor.type : actor.identity, outputs['channel']].filter((part) => typeof part === 'string');
  return `${clean(actor.id)} (${clean([...new Set(how)].join(', '))})`;
};

/** What an event says beyond the words of whoever caused it: how many votes, for whom, by which rule. */
const saysMore = ({ event_type, outputs }: EventView): boolean =>
  event_type === 'APPROVAL_VOTED' || event_type === 'APPROVAL_DELEGATED' || outputs['for'] !== undefined || outputs['auto'] === true;

const messageOf = (event: EventView): string => {
  const audited = auditText(event);
  if (audited !== null) return audited;
  const why = degradedWhy(event);
  return `${event.message === null || saysMore(event) ? stageLine(event).text : clean(event.message)}${why ? ` (${why})` : ''}`;
};

const columns = ({ paint, live, world }: Context): Column<EventView>[] => [
  { head: 'SEQ', cell: ({ seq }) => String(seq), right: true, paint: paint.dim },
  { head: 'WHEN', cell: ({ at }) => (live ? relativeTime(at, world.now()) : clean(at)), paint: paint.dim },
  { head: 'EVENT', cell: ({ event_type }) => clean(event_type) },
  { head: 'STEP', cell: ({ step }) => clean(step ?? '') },
  { head: 'WHO', cell: whoOf },
  { head: 'SAW', cell: (event) => digestSeen(event, live), paint: paint.dim },
  {
    head: 'MODE',
    cell: (event) => eventLabels(event).join(' '),
    paint: (text) => text.replace(/\w+/g, (label) => paintLabel(paint, label)),
  },
  { head: 'MESSAGE', cell: messageOf, flex: true },
];

/** Two or more lines per event, where a table has no room. */
const stacked = ({ paint, world, width }: Context, event: EventView): string[] => {
  const when = relativeTime(event.at, world.now());
  const labels = paintLabels(paint, eventLabels(event));
  const head = [clean(event.event_type), clean(event.step ?? ''), paint.dim(when), labels].filter((part) => part !== '').join('  ');
  const digest = digestSeen(event, true);
  const who = `${whoOf(event)}${digest ? ` saw ${digest}` : ''}`;
  const indent = ' '.repeat(5);
  return [
    `${paint.dim(String(event.seq).padStart(3))}  ${head}`,
    ...wrap(`${who}: ${messageOf(event)}`, width - indent.length).map((line) => indent + line),
  ];
};

const linesOf = (context: Context, events: readonly EventView[]): string[] =>
  context.width < TABLE_COLUMNS
    ? events.flatMap((event) => stacked(context, event))
    : renderTable(columns(context), events, context.width, context.paint.dim);

const matches = ({ run, actor, type }: Options, event: EventView): boolean =>
  (run === undefined || event.run_id === run) &&
  (actor === undefined || event.actor.id === actor) &&
  (type === undefined || event.event_type === type);

/** The job's own log, or the one of what belongs to no job. */
const openLog = async (context: Context, jobId: string | undefined, { audit }: Options) => {
  if ((jobId === undefined) === (audit === undefined))
    throw usage('timeline takes a job id or --audit, one of them', 'see "holdpoint timeline --help"');
  const api = await context.connect();
  const load = (): Promise<EventView[]> => (jobId === undefined ? loadAudit(api) : loadEvents(api, jobId));
  return { api, load, jobId: jobId ?? AUDIT.job_id };
};

const showTimeline = async (context: Context, jobId: string | undefined, options: Options): Promise<Result> => {
  const { run, actor, type } = options;
  if (options.export !== undefined && (run ?? actor ?? type) !== undefined) {
    throw usage('--export writes the whole log, so that it can be verified', 'leave out --run, --actor and --type');
  }
  const log = await openLog(context, jobId, options);
  if (options.export !== undefined) return exportLog(context, { ...log, file: options.export });
  const all = await log.load();
  const events = all.filter((event) => matches(options, event));
  if (all.length === 0) context.say('nothing happened yet');
  else if (events.length === 0) context.say(`none of the ${all.length} events matches`);
  else for (const line of linesOf(context, events)) context.say(line);
  return { doc: { events } };
};

export const timeline: Verb = (program, run) => {
  withCommon(
    program
      .command('timeline')
      .description('show the log of a job: who did what, seeing what')
      .argument('[JOB]', 'job id: 12 hex characters', parseJobId)
      .option('--audit', 'what belongs to no job instead: flags, kill switch, links, refused decisions')
      .option('--run <RUN>', 'only events of this execution', parseRunId)
      .option('--actor <NAME>', 'only what this person or stage did', parseActor)
      .option('--type <TYPE>', 'only events of this type', parseEventType)
      .option('--export <FILE>', 'write the whole log and the digests over it to a file, one per line'),
  ).action((jobId: string | undefined, options: Options) => run(options, (context) => showTimeline(context, jobId, options)));
};
