import type { MarbleKind, RefreshBand, RequestLane, Timeline } from 'renewal/devtools';

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

/** Draws a timeline: a line for each request, and each refresh below the first that waits for it. */
export function timelineText(timeline: Timeline, { color, maxLines = 60 }: TextOptions): string {
  const paint: Paint = color ? (name, text) => `\x1b[${COLORS[name]}m${text}\x1b[0m` : (_, text) => text;
  const shown = timeline.requests.slice(0, maxLines);
  const hidden = timeline.requests.slice(maxLines);
  const row = rowLayout(shown);
  const drawRefresh = (band: RefreshBand) => row(refreshCells(band, timeline.durationMs, paint));
  const firstFor = (refresh: RefreshBand) => shown.find((lane) => waitsFor(lane, refresh));
  const below = (lane: RequestLane) => timeline.refreshes.filter((refresh) => firstFor(refresh) === lane);
  const loose = timeline.refreshes.filter((refresh) => !firstFor(refresh));
  return [
    paint('dim', row(headerCells(timeline.durationMs))),
    ...shown.flatMap((lane) => [row(requestCells(lane, timeline.durationMs, paint)), ...below(lane).map(drawRefresh)]),
    ...loose.map(drawRefresh),
    ...describeHidden(shown, hidden),
    paint('dim', '       ● leaves  ─ on the wire  1002 the token is dead  ┄ waits  ◆═◆ refresh  ✓ answer  ✗ error'),
  ].join('\n');
}

function waitsFor({ marbles }: RequestLane, { id }: RefreshBand): boolean {
  return marbles.some(({ refreshId }) => refreshId === id);
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

function requestName({ method, url }: RequestLane): string {
  return `${method} ${URL.canParse(url) ? new URL(url).pathname : url}`;
}

function requestCells(lane: RequestLane, durationMs: number, paint: Paint): Cells {
  const marks = lane.marbles.map(({ kind, atMs }) => ({ atMs, ...MARKS[kind] }));
  return {
    name: String(lane.id),
    request: requestName(lane),
    picture: drawMarks(marks, durationMs, paint),
    times: [timeOf(lane, 'sent'), timeOf(lane, 'expired'), timeOf(lane, 'sent-again'), endOf(lane)],
    result: outcome(lane),
  };
}

function refreshCells(band: RefreshBand, durationMs: number, paint: Paint): Cells {
  const failed = band.phase === 'failed';
  const start: Mark = { atMs: band.startedMs, glyph: '◆', color: 'cyan', wire: '═' };
  const end: Mark = {
    atMs: band.endedMs ?? durationMs,
    glyph: failed ? '✗' : '◆',
    color: failed ? 'red' : 'cyan',
    wire: ' ',
  };
  return {
    name: '',
    request: `refresh ${band.id}`,
    picture: drawMarks(band.endedMs === undefined ? [start] : [start, end], durationMs, paint),
    times: [band.startedMs, '', '', band.endedMs],
    result: refreshOutcome(band),
  };
}

function refreshOutcome({ phase, final, kind }: RefreshBand): string {
  if (phase === 'started') return 'still running';
  if (phase === 'succeeded') return 'new token';
  return final ? 'refused, the session is over' : (kind ?? 'failed');
}

/** A glyph at a moment, and what fills the line from there to the next. */
interface Mark {
  readonly atMs: number;
  readonly glyph: string;
  readonly color?: Color;
  readonly wire: string;
}

const MARKS: Record<MarbleKind, Omit<Mark, 'atMs'>> = {
  sent: { glyph: '●', wire: '─' },
  waiting: { glyph: '', wire: '┄' },
  expired: { glyph: '1002', color: 'yellow', wire: '┄' },
  'sent-again': { glyph: '●', wire: '─' },
  answer: { glyph: '✓', color: 'green', wire: ' ' },
  error: { glyph: '✗', color: 'red', wire: ' ' },
  cancelled: { glyph: '○', wire: ' ' },
};

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
    return `       … and ${lanes.length} more${alike}: ${told}, from ${range(lanes.map((lane) => timeOf(lane, 'sent')))} to ${range(lanes.map(endOf))} ms`;
  });
}

const WORDS: Record<MarbleKind, string> = {
  sent: 'sent',
  waiting: 'waited',
  expired: '1002',
  'sent-again': 'sent again',
  answer: '',
  error: '',
  cancelled: 'cancelled',
};

function story(lane: RequestLane): string {
  return [...lane.marbles.map(({ kind }) => WORDS[kind]), outcome(lane)].filter((word) => word !== '').join(', ');
}

function outcome({ marbles }: RequestLane): string {
  const last = marbles.at(-1);
  return last?.error ?? String(last?.status ?? '');
}

function timeOf({ marbles }: RequestLane, kind: MarbleKind): number | undefined {
  return marbles.find((marble) => marble.kind === kind)?.atMs;
}

/** When an answer or an error reached the caller. */
function endOf(lane: RequestLane): number | undefined {
  return timeOf(lane, 'answer') ?? timeOf(lane, 'error');
}

function range(moments: readonly (number | undefined)[]): string {
  const times = moments.flatMap((moment) => moment ?? []);
  if (times.length === 0) return '?';
  const first = Math.min(...times);
  const last = Math.max(...times);
  return first === last ? `${first}` : `${first}–${last}`;
}
