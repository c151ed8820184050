import { html } from './dom';
import { formatMs, outcomeOf, pathOf, refreshOutcomeOf, SESSION_LABELS, waitsFor } from './labels';
import type { MarbleKind, RequestLane, StreamLane, StreamMarbleKind, Timeline } from './timeline';

/** One table. It redraws only the entries that have changed. */
const createTable = <Entry extends object>(
  caption: string,
  headings: readonly string[],
  cellsOf: (entry: Entry) => readonly string[],
) => {
  const body = html('tbody');
  const element = html(
    'table',
    {},
    html('caption', {}, caption),
    html('thead', {}, html('tr', {}, ...headings.map((heading) => html('th', { scope: 'col' }, heading)))),
    body,
  );
  let rows = new Map<Entry, HTMLElement>();
  const toRow = (entry: Entry): HTMLElement => {
    const [first = '', ...cells] = cellsOf(entry);
    return html('tr', {}, html('th', { scope: 'row' }, first), ...cells.map((cell) => html('td', {}, cell)));
  };
  const draw = (entries: readonly Entry[]): void => {
    const before = rows;
    // The newest entry comes first: both the table and the picture open with it.
    rows = new Map(entries.map((entry): [Entry, HTMLElement] => [entry, before.get(entry) ?? toRow(entry)]).reverse());
    element.hidden = entries.length === 0;
    for (const [entry, row] of before) if (!rows.has(entry)) row.remove();
    let place = body.firstElementChild;
    for (const row of rows.values()) {
      if (row === place) place = place.nextElementSibling;
      else body.insertBefore(row, place);
    }
  };
  return { element, draw };
};

const timesOf = ({ marbles }: RequestLane, kind: MarbleKind): string =>
  marbles
    .filter((marble) => marble.kind === kind)
    .map((marble) => formatMs(marble.atMs) + (kind === 'waiting' ? `, ${waitsFor(marble)}` : ''))
    .join('; ');

const stepsOf = ({ marbles }: StreamLane, kind: StreamMarbleKind): string =>
  marbles
    .filter((marble) => marble.kind === kind)
    .map(({ atMs, delayMs, error }) =>
      [
        formatMs(atMs),
        ...(delayMs === undefined ? [] : [`within ${formatMs(delayMs)}`]),
        ...(error ? [error] : []),
      ].join(', '),
    )
    .join('; ');

const endOf = ({ endedMs }: { readonly endedMs?: number }): string => (endedMs === undefined ? '' : formatMs(endedMs));

/** The content of the picture, as tables. */
export const createTables = (): { readonly element: HTMLElement; draw(timeline: Timeline): void } => {
  const requests = createTable<RequestLane>(
    'Requests',
    ['No.', 'Request', 'Made', 'Sent', 'Token expired', 'Waits', 'Replayed', 'Ended', 'Outcome'],
    (lane) => [
      `${lane.id}`,
      `${lane.method} ${pathOf(lane.url)}`,
      formatMs(lane.startedMs),
      timesOf(lane, 'sent'),
      timesOf(lane, 'expired'),
      timesOf(lane, 'waiting'),
      timesOf(lane, 'sent-again'),
      endOf(lane),
      outcomeOf(lane),
    ],
  );
  const streams = createTable<StreamLane>(
    'Streams',
    ['No.', 'Stream', 'Began', 'Opened', 'Reconnects', 'Ended', 'Connections', 'Events', 'Outcome'],
    (lane) => [
      `${lane.id}`,
      `${lane.method} ${pathOf(lane.url)}`,
      formatMs(lane.startedMs),
      stepsOf(lane, 'opened'),
      stepsOf(lane, 'reconnecting'),
      endOf(lane),
      `${lane.connections}`,
      `${lane.events}`,
      outcomeOf(lane),
    ],
  );
  const refreshes = createTable<Timeline['refreshes'][number]>(
    'Refreshes',
    ['No.', 'Began', 'Ended', 'Waiting', 'Outcome'],
    (band) => [`${band.id}`, formatMs(band.startedMs), endOf(band), `${band.waiting}`, refreshOutcomeOf(band)],
  );
  const sessionChanges = createTable<Timeline['sessionChanges'][number]>('Session', ['At', 'Change'], (change) => [
    formatMs(change.atMs),
    SESSION_LABELS[change.phase],
  ]);
  const warnings = createTable<Timeline['warnings'][number]>('Warnings', ['At', 'Message'], (warning) => [
    formatMs(warning.atMs),
    warning.message,
  ]);
  return {
    element: html(
      'div',
      { class: 'tables', tabindex: 0, role: 'region', 'aria-label': 'The timeline as tables', hidden: '' },
      ...[requests, streams, refreshes, sessionChanges, warnings].map(({ element }) => element),
    ),
    draw: (timeline) => {
      requests.draw(timeline.requests);
      streams.draw(timeline.streams ?? []);
      refreshes.draw(timeline.refreshes);
      sessionChanges.draw(timeline.sessionChanges);
      warnings.draw(timeline.warnings);
    },
  };
};
