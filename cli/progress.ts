import { formatElapsed } from './duration.ts';
import { degradedWhy, eventLabels, paintLabels } from './labels.ts';
import type { Context } from './runner.ts';
import { isHold, type StageLine, stageAfter, stageLine } from './stages.ts';
import { clean, fit, padEnd, padStart, wrap } from './text.ts';
import type { EventView } from './views.ts';

export type Progress = {
  event: (event: EventView) => void;
  /** A line in between, such as a lost connection. */
  remark: (line: string) => void;
  /** Stops the spinner and leaves the cursor on a line of its own. */
  end: () => void;
};

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 120;
/** The longest step is `agent_output_invalid`. */
const STAGE_COLUMNS = 20;
const ELAPSED_COLUMNS = 7;
const CLEAR_LINE = '\r\x1b[2K';

const silent: Progress = { event: () => {}, remark: () => {}, end: () => {} };

/** Without a terminal: one plain line per event. */
const plainProgress = ({ say, note }: Context): Progress => ({
  event(event) {
    const line = stageLine(event);
    const labels = eventLabels(event);
    const why = degradedWhy(event);
    say([event.at, event.event_type, line.stage, line.text, ...labels, why && `(${why})`].filter((part) => part !== '').join(' '));
  },
  remark: note,
  end: () => {},
});

const paintMark = ({ paint, world }: Context, tone: StageLine['tone']): string => {
  if (world.env.dumb) return { good: '+', bad: 'x', hold: '=', plain: '-' }[tone];
  return { good: paint.green('✓'), bad: paint.red('✗'), hold: paint.yellow('‖'), plain: paint.dim('·') }[tone];
};

/** One line per finished stage, and under them a moving one for what works or waits now. */
const liveProgress = (context: Context): Progress => {
  const { world, paint, width } = context;
  let last: EventView | null = null;
  let frame = 0;
  let drawn = false;
  const column = Math.min(STAGE_COLUMNS, Math.floor(width / 4));
  const body = (stage: string, ms: number, text: string, room: number) =>
    `${padEnd(fit(stage, column), column)} ${paint.dim(padStart(formatElapsed(ms), ELAPSED_COLUMNS))}  ${fit(text, room)}`;
  const room = width - 2 - column - 1 - ELAPSED_COLUMNS - 2 - 1;
  const erase = () => {
    if (drawn) world.stdout.write(CLEAR_LINE);
    drawn = false;
  };
  const draw = () => {
    if (last === null || world.env.dumb) return;
    const stage = isHold(last) ? stageLine(last).stage : stageAfter(last);
    if (stage === null) return;
    const mark = isHold(last) ? paintMark(context, 'hold') : paint.cyan(FRAMES[frame % FRAMES.length] ?? '');
    const line = body(stage, world.now() - Date.parse(last.at), isHold(last) ? 'waits for you' : 'working', room);
    world.stdout.write(`${CLEAR_LINE}${mark} ${line}`);
    drawn = true;
    frame += 1;
  };
  const print = (line: string) => {
    erase();
    world.stdout.write(`${line}\n`);
    draw();
  };
  const remark = (line: string) => {
    erase();
    for (const part of wrap(clean(line), width - 3)) world.stdout.write(`  ${paint.dim(part)}\n`);
    draw();
  };
  const stop = world.every(FRAME_MS, draw);
  return {
    event(event) {
      const { tone, stage, text } = stageLine(event);
      const labels = eventLabels(event);
      const took = last === null ? 0 : Date.parse(event.at) - Date.parse(last.at);
      const used = labels.reduce((sum, label) => sum + label.length + 1, 0);
      const painted = labels.length > 0 ? ` ${paintLabels(paint, labels)}` : '';
      last = event;
      print(`${paintMark(context, tone)} ${body(stage, took, text, Math.max(1, room - used))}${painted}`);
      const why = degradedWhy(event);
      if (why !== '') remark(why);
    },
    remark,
    end() {
      stop();
      erase();
    },
  };
};

export const createProgress = (context: Context): Progress => {
  if (context.json) return silent;
  return context.live ? liveProgress(context) : plainProgress(context);
};
