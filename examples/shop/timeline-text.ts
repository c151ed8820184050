import type { RefreshLane, RequestLane, Step, Timeline } from './timeline';

export interface TextOptions {
  readonly color: boolean;
  /** How many requests get a line of their own; what the others did is told in sum. @defaultValue 60 */
  readonly maxLines?: number;
}

const PICTURE_WIDTH = 40;
// Marks that fall on one column are set side by side, so a picture may outgrow its scale by a few columns.
const SLACK = 4;

const COLORS = { dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
type Color = keyof typeof COLORS;
type Paint = (color: Color, text: string) => string;

/** Draws a timeline: a line for each request, and each refresh below the request that set it off. */
export function timelineText(timeline: Timeline, { color, maxLines = 60 }: TextOptions): string {
  const paint: Paint = color ? (name, text) => `\x1b[${COLORS[name]}m${text}\x1b[0m` : (_, text) => text;
  const shown = timeline.requests.slice(0, maxLines);
  const hidden = timeline.requests.slice(maxLines);
  const row = rowLayout(shown);
  const drawRefresh = (lane: RefreshLane) => row(refreshCells(lane, timeline.durationMs, paint));
  const startedBy = (id: number) => timeline.refreshes.filter((refresh) => refresh.startedBy === id);
  const loose = timeline.refreshes.filter(({ startedBy }) => !shown.some(({ id }) => id === startedBy));
  return [
    paint('dim', row(headerCells(timeline.durationMs))),
    ...shown.flatMap((lane) => [
      row(requestCells(lane, timeline.durationMs, paint)),
      ...startedBy(lane.id).map(drawRefresh),
    ]),
    ...loose.map(drawRefresh),
    ...describeHidden(shown, hidden),
    paint('dim', '       ● leaves  ─ on the wire  1002 the token is dead  ┄ waits  ◆═◆ refresh  ✓ answer  ✗ error'),
  ].join('\n');
}

interface Cells {
  readonly name: string;
  readonly request: string;
  readonly picture: string;
  readonly times: readonly (number | string | undefined)[];
  readonly result: string;
}

function rowLayout(lanes: readonly RequestLane[]): (cells: Cells) => string {
  const requestWidth = Math.max(9, ...lanes.map((lane) => requestName(lane).length));
  return ({ name, request, picture, times, result }) => {
    const numbers = times.map((time) => String(time ?? '').padStart(7)).join('');
    return `${name.padStart(6)} ${request.padEnd(requestWidth)}  ${picture} ${numbers}  ${result}`.trimEnd();
  };
}

function headerCells(durationMs: number): Cells {
  const scale = `0 ms${`${durationMs} ms`.padStart(PICTURE_WIDTH - 4)}`;
  return {
    name: '#',
    request: 'request',
    picture: scale.padEnd(PICTURE_WIDTH + SLACK),
    times: ['sent', '1002', 'again', 'answer'],
    result: '',
  };
}

function requestName({ method, path }: RequestLane): string {
  return `${method} ${path}`;
}

function requestCells(lane: RequestLane, durationMs: number, paint: Paint): Cells {
  const marks = lane.steps.map((step) => ({ atMs: step.atMs, ...MARKS[step.phase], ...outcomeMark(lane, step) }));
  return {
    name: String(lane.id),
    request: requestName(lane),
    picture: drawMarks(marks, durationMs, paint),
    times: (['sent', 'expired', 'resent', 'settled'] as const).map((phase) => timeOf(lane, phase)),
    result: outcome(lane),
  };
}

function refreshCells(lane: RefreshLane, durationMs: number, paint: Paint): Cells {
  const failed = lane.phase === 'failed';
  const start: Mark = { atMs: lane.startedMs, glyph: '◆', color: 'cyan', wire: '═' };
  const end: Mark = {
    atMs: lane.endedMs ?? durationMs,
    glyph: failed ? '✗' : '◆',
    color: failed ? 'red' : 'cyan',
    wire: ' ',
  };
  return {
    name: '',
    request: `refresh ${lane.id}`,
    picture: drawMarks(lane.endedMs === undefined ? [start] : [start, end], durationMs, paint),
    times: [lane.startedMs, '', '', lane.endedMs],
    result: refreshOutcome(lane),
  };
}

function refreshOutcome({ phase, final, error }: RefreshLane): string {
  if (phase === 'started') return 'still running';
  if (phase === 'succeeded') return 'new token';
  return final ? 'refused, the session is over' : (error ?? 'failed');
}

/** A glyph at a moment, and what fills the line from there to the next. */
interface Mark {
  readonly atMs: number;
  readonly glyph: string;
  readonly color?: Color;
  readonly wire: string;
}

const MARKS: Record<Step['phase'], Omit<Mark, 'atMs'>> = {
  queued: { glyph: '', wire: ' ' },
  sent: { glyph: '●', wire: '─' },
  held: { glyph: '', wire: '┄' },
  expired: { glyph: '1002', color: 'yellow', wire: '┄' },
  resent: { glyph: '●', wire: '─' },
  settled: { glyph: '✓', color: 'green', wire: ' ' },
  cancelled: { glyph: '○', wire: ' ' },
};

function outcomeMark({ error }: RequestLane, { phase }: Step): Partial<Mark> {
  return phase === 'settled' && error !== undefined ? { glyph: '✗', color: 'red' } : {};
}

function drawMarks(marks: readonly Mark[], durationMs: number, paint: Paint): string {
  let picture = '';
  let column = 0;
  let wire = ' ';
  for (const mark of marks) {
    // A long glyph ends at its moment, over the wire that led there, so that what follows keeps its place.
    const moment = Math.round((mark.atMs / Math.max(durationMs, 1)) * (PICTURE_WIDTH - 1));
    const gap = Math.max(0, moment + 1 - Math.max(1, mark.glyph.length) - column);
    if (gap > 0) picture += paint('dim', wire.repeat(gap));
    picture += mark.color ? paint(mark.color, mark.glyph) : mark.glyph;
    column += gap + mark.glyph.length;
    wire = mark.wire;
  }
  return picture + ' '.repeat(Math.max(0, PICTURE_WIDTH + SLACK - column));
}

/** What the requests without a line of their own did, grouped by what happened to them. */
function describeHidden(shown: readonly RequestLane[], hidden: readonly RequestLane[]): string[] {
  const seen = new Set(shown.map(story));
  const groups = new Map<string, RequestLane[]>();
  for (const lane of hidden) {
    const told = story(lane);
    const group = groups.get(told);
    if (group) group.push(lane);
    else groups.set(told, [lane]);
  }
  return [...groups].map(([told, lanes]) => {
    const alike = seen.has(told) ? ', alike' : '';
    return `       … and ${lanes.length} more${alike}: ${told}, from ${range(lanes, 'sent')} to ${range(lanes, 'settled')} ms`;
  });
}

const WORDS: Record<Step['phase'], string> = {
  queued: '',
  sent: 'sent',
  held: 'waited',
  expired: '1002',
  resent: 'sent again',
  settled: '',
  cancelled: 'cancelled',
};

function story(lane: RequestLane): string {
  return [...lane.steps.map(({ phase }) => WORDS[phase]), outcome(lane)].filter((word) => word !== '').join(', ');
}

function outcome({ status, error }: RequestLane): string {
  return error ?? String(status ?? '');
}

function timeOf(lane: RequestLane, phase: Step['phase']): number | undefined {
  return lane.steps.find((step) => step.phase === phase)?.atMs;
}

function range(lanes: readonly RequestLane[], phase: Step['phase']): string {
  const times = lanes.flatMap((lane) => timeOf(lane, phase) ?? []);
  if (times.length === 0) return '?';
  const first = Math.min(...times);
  const last = Math.max(...times);
  return first === last ? `${first}` : `${first}–${last}`;
}
