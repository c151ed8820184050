import type { Api, ApiEvent } from 'renewal';

/** Records the events of a client from now on. */
export const eventsOf = ({ events$ }: Pick<Api, 'events$'>): readonly ApiEvent[] => {
  const events: ApiEvent[] = [];
  events$.subscribe((event) => events.push(event));
  return events;
};

/** The fields of an event that are shown after its type, id and phase, in this order. */
const DETAILS = ['attempt', 'generation', 'waiting', 'status', 'kind', 'error', 'final'] as const;

/** An event in one line, without time and url: `request 1 resent, attempt 2, generation 2`. */
export const describeEvent = (event: ApiEvent): string => {
  const { type } = event;
  if (type === 'warning') return `warning ${event.message}`;
  const shown: Readonly<Record<string, unknown>> = { ...event };
  const id = type === 'request' ? event.requestId : shown.refreshId;
  const details = DETAILS.flatMap((name) => (shown[name] === undefined ? [] : `${name} ${shown[name]}`));
  if (type === 'request' && event.refreshId) details.push(`refresh ${event.refreshId}`);
  return [[type, id, event.phase].filter(Boolean).join(' '), ...details].join(', ');
};

/** The warnings among the events of a client. */
export const warningsIn = (events: readonly ApiEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'warning' ? event.message : []));
