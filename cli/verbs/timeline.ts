import { relativeTime } from '../duration.ts';
import { usage } from '../exit.ts';
import { writeOutput } from '../files.ts';
import { loadEvents } from '../jobs.ts';
import { eventLabels, paintLabel } from '../labels.ts';
import { JOB_ARGUMENT, parseActor, parseEventType, parseRunId, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { stageLine } from '../stages.ts';
import { type Column, renderTable } from '../table.ts';
import { clean } from '../text.ts';
import type { EventView } from '../views.ts';

type Options = CommonOptions & { run?: string; actor?: string; type?: string; export?: string };

const SHORT_DIGEST = 12;

/** Digest of the evidence the actor saw. */
const digestSeen = (event: EventView, live: boolean): string => {
  const digest = event.outputs['subject_digest'];
  if (typeof digest !== 'string') return '';
  const hex = clean(digest).replace(/^sha256:/, '');
  return live ? hex.slice(0, SHORT_DIGEST) : hex;
};

const columns = ({ paint, live, world }: Context): Column<EventView>[] => [
  { head: 'SEQ', cell: ({ seq }) => String(seq), right: true, paint: paint.dim },
  { head: 'WHEN', cell: ({ at }) => (live ? relativeTime(at, world.now()) : clean(at)), drop: 3, paint: paint.dim },
  { head: 'EVENT', cell: ({ event_type }) => clean(event_type) },
  { head: 'STEP', cell: ({ step }) => clean(step ?? ''), drop: 2 },
  { head: 'WHO', cell: ({ actor }) => `${clean(actor.id)} (${actor.identity})`, drop: 1 },
  { head: 'SAW', cell: (event) => digestSeen(event, live), drop: 4, paint: paint.dim },
  {
    head: 'MODE',
    cell: (event) => eventLabels(event).join(' '),
    paint: (text) => text.replace(/\w+/g, (label) => paintLabel(paint, label)),
  },
  { head: 'MESSAGE', cell: (event) => (event.message === null ? stageLine(event).text : clean(event.message)), flex: true },
];

const matches = ({ run, actor, type }: Options, event: EventView): boolean =>
  (run === undefined || event.run_id === run) &&
  (actor === undefined || event.actor.id === actor) &&
  (type === undefined || event.event_type === type);

const showTimeline = async (context: Context, jobId: string, options: Options): Promise<Result> => {
  const api = await context.connect();
  const all = await loadEvents(api, jobId);
  const events = all.filter((event) => matches(options, event));
  if (options.export !== undefined) {
    if (events.length !== all.length)
      throw usage('--export writes the whole log, so that it can be verified', 'leave out --run, --actor and --type');
    await writeOutput(options.export, all.map((event) => `${JSON.stringify(event)}\n`).join(''));
    context.say(
      `${all.length} events written to ${clean(options.export)}; check them with "holdpoint verify --file ${clean(options.export)}"`,
    );
    return { doc: { events: all.length, file: options.export } };
  }
  if (events.length === 0) context.say(`none of the ${all.length} events matches`);
  else for (const line of renderTable(columns(context), events, context.width, context.paint.dim)) context.say(line);
  return { doc: { events } };
};

export const timeline: Verb = (program, run) => {
  withCommon(
    program
      .command('timeline')
      .description('show the log of a job: who did what, seeing what')
      .argument(...JOB_ARGUMENT)
      .option('--run <RUN>', 'only events of this execution', parseRunId)
      .option('--actor <NAME>', 'only what this person or stage did', parseActor)
      .option('--type <TYPE>', 'only events of this type', parseEventType)
      .option('--export <FILE>', 'write the whole log to a file, one event per line'),
  ).action((jobId: string, options: Options) => run(options, (context) => showTimeline(context, jobId, options)));
};
