import type { MarbleKind, RefreshBand, RequestLane, Timeline } from 'renewal/devtools';

export interface TextOptions {
  readonly color: boolean;
  /** Maximum number of requests with their own line. The others are summarised. @defaultValue 60 */
  readonly maxLines?: number;
}

const PICTURE_WIDTH = 40;
// Marks on the same column are set side by side, so a picture may exceed its scale by a few columns.
const SLACK = 4;

const COLORS = { dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
type Color = keyof typeof COLORS;
type Paint = (color: Color, text: string) => string;

/** Draws a timeline: a line for each request, and each refresh below the first that waits for it. */
export function timelineText(timeline: Timeline, { color, maxLines = 60 }: TextOptions): string {
  const paint: Paint = color ? (name, text) => `\x1b[${COLORS[name]}m${text}\x1b[0m` : (_, text) => text;
  const shownLanes = timeline.requests.slice(0, maxLines);
  const hiddenLanes = timeline.requests.slice(maxLines);
  const row = rowLayout(shownLanes);
  const drawRefresh = (band: RefreshBand) => row(refreshCells(band, timeline.durationMs, paint));
  const firstFor = (refresh: RefreshBand) => shownLanes.find((lane) => waitsFor(lane, refresh));
  const refreshesBelow = (lane: RequestLane) => timeline.refreshes.filter((refresh) => firstFor(refresh) === lane);
  const unplaced = timeline.refreshes.filter((refresh) => !firstFor(refresh));
  return [
    paint('dim', row(headerCells(timeline.durationMs))),
    ...shownLanes.flatMap((lane) => [
      row(requestCells(lane, timeline.durationMs, paint)),
      ...refreshesBelow(lane).map(drawRefresh),
    ]),
    ...unplaced.map(drawRefresh),
    ...describeHidden(shownLanes, hiddenLanes),
    paint('dim', '       ● sent  ─ on the wire  1002 token expired  ┄ waits  ◆═◆ refresh  ✓ response  ✗ error'),
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
    times: ['sent', '1002', 'replay', 'ended'],
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
    result: outcomeOf(lane),
  };
}

function refreshCells(band: RefreshBand, durationMs: number, paint: Paint): Cells {
  const failed = band.phase === 'failed';
  const start: Mark = { atMs: band.startedMs, glyph: '◆', color: 'cyan', line: '═' };
  const end: Mark = {
    atMs: band.endedMs ?? durationMs,
    glyph: failed ? '✗' : '◆',
    color: failed ? 'red' : 'cyan',
    line: ' ',
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
  if (phase === 'succeeded') return 'new tokens';
  return final ? 'refused, session expired' : (kind ?? 'failed');
}

/** A glyph at a moment, and the line from there to the next mark. */
interface Mark {
  readonly atMs: number;
  readonly glyph: string;
  readonly color?: Color;
  readonly line: string;
}

const MARKS: Record<MarbleKind, Omit<Mark, 'atMs'>> = {
  sent: { glyph: '●', line: '─' },
  waiting: { glyph: '', line: '┄' },
  expired: { glyph: '1002', color: 'yellow', line: '┄' },
  'sent-again': { glyph: '●', line: '─' },
  answer: { glyph: '✓', color: 'green', line: ' ' },
  error: { glyph: '✗', color: 'red', line: ' ' },
  cancelled: { glyph: '○', line: ' ' },
};

function drawMarks(marks: readonly Mark[], durationMs: number, paint: Paint): string {
  let picture = '';
  let column = 0;
  let line = ' ';
  for (const mark of marks) {
    // A long glyph ends at its moment and covers the line before it, so that the following marks keep their places.
    const moment = Math.round((mark.atMs / Math.max(durationMs, 1)) * (PICTURE_WIDTH - 1));
    const gap = Math.max(0, moment + 1 - Math.max(1, mark.glyph.length) - column);
    if (gap > 0) picture += paint('dim', line.repeat(gap));
    picture += mark.color ? paint(mark.color, mark.glyph) : mark.glyph;
    column += gap + mark.glyph.length;
    line = mark.line;
  }
  return picture + ' '.repeat(Math.max(0, PICTURE_WIDTH + SLACK - column));
}

/** Summarises the requests without a line, grouped by their story. */
function describeHidden(shownLanes: readonly RequestLane[], hiddenLanes: readonly RequestLane[]): string[] {
  const shownStories = new Set(shownLanes.map(storyOf));
  const groups = new Map<string, RequestLane[]>();
  for (const lane of hiddenLanes) {
    const story = storyOf(lane);
    const group = groups.get(story);
    if (group) group.push(lane);
    else groups.set(story, [lane]);
  }
  return [...groups].map(([story, lanes]) => {
    const alike = shownStories.has(story) ? ', alike' : '';
    return `       … and ${lanes.length} more${alike}: ${story}, from ${range(lanes.map((lane) => timeOf(lane, 'sent')))} to ${range(lanes.map(endOf))} ms`;
  });
}

const KIND_LABELS: Record<MarbleKind, string> = {
  sent: 'sent',
  waiting: 'waited',
  expired: '1002',
  'sent-again': 'replayed',
  answer: '',
  error: '',
  cancelled: 'cancelled',
};

function storyOf(lane: RequestLane): string {
  return [...lane.marbles.map(({ kind }) => KIND_LABELS[kind]), outcomeOf(lane)]
    .filter((word) => word !== '')
    .join(', ');
}

function outcomeOf({ marbles }: RequestLane): string {
  const last = marbles.at(-1);
  return last?.error ?? String(last?.status ?? '');
}

function timeOf({ marbles }: RequestLane, kind: MarbleKind): number | undefined {
  return marbles.find((marble) => marble.kind === kind)?.atMs;
}

/** The moment of the response or the error, as the caller gets it. */
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
