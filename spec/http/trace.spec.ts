import type { RequestEvent } from 'renewal';
import { delay, NEVER, of, Subject } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { createTrace } from '../../lib/http/trace';
import { eventsOf } from '../support/events';
import { outcomeOf } from '../support/http-client';
import { requestOf } from '../support/request';
import { createVirtualClient, virtually } from '../support/virtual';

const REQUEST = requestOf({ url: 'https://api.test/a?token=1' });

it.each(['settled', 'cancelled'] as const)('tells nothing of a request after it is %s, and that once', (end) => {
  const events = new Subject<RequestEvent>();
  const told: string[] = [];
  events.subscribe(({ phase, attempt, url }) => told.push(`${phase} ${attempt} ${url}`));
  const trace = createTrace(events, 1, REQUEST);
  for (const step of ['queued', 'attempt', 'attempt', end, 'token-expired', 'attempt', 'settled', 'cancelled'] as const)
    trace(step);
  expect(told).toEqual(['queued 0', 'sent 1', 'resent 2', `${end} 2`].map((line) => `${line} https://api.test/a`));
});

/** The steps of each request in one line, by their `requestId`, with the durations. */
const joinedOf = (events: ReturnType<typeof eventsOf>): string[] => {
  const lines: string[] = [];
  for (const event of events) {
    if (event.type !== 'request') continue;
    const { requestId, phase, durationMs } = event;
    lines[requestId - 1] = `${lines[requestId - 1] ?? ''} ${phase}${durationMs === undefined ? '' : ` ${durationMs}`}`;
  }
  return lines.map((line) => line.trim());
};

it('has the duration of a request, waiting included, in its last event only', () => {
  virtually(({ cold, flush }) => {
    const { api } = createVirtualClient({
      refresh: () => of({ accessToken: 'T2' }).pipe(delay(50)),
      respond: (_request, suggested) => of(suggested).pipe(delay(20)),
    });
    const events = eventsOf(api);
    cold('1s a 29ms b').subscribe((path) => outcomeOf(api.get$(`/${path}`)));
    flush();
    expect(joinedOf(events)).toEqual([
      'queued sent token-expired waiting resent settled 90',
      'queued waiting sent settled 60',
    ]);
  });
});

it('has the duration of a request that fails or is cancelled', () => {
  virtually(({ cold, flush }) => {
    const { api } = createVirtualClient({ respond: () => NEVER });
    const events = eventsOf(api);
    outcomeOf(api.get$('/slow', { timeoutMs: 30 }));
    const subscription = api.get$('/left').subscribe();
    cold('10ms a').subscribe(() => subscription.unsubscribe());
    flush();
    expect(joinedOf(events)).toEqual(['queued sent settled 30', 'queued sent cancelled 10']);
  });
});

it('has a duration of 0 if the clock was set back', () => {
  vi.useFakeTimers({ now: 1_000_000 });
  const events = new Subject<RequestEvent>();
  const durations: unknown[] = [];
  events.subscribe(({ durationMs }) => durations.push(durationMs));
  const trace = createTrace(events, 1, REQUEST);
  trace('queued');
  vi.setSystemTime(0);
  trace('settled');
  vi.useRealTimers();
  expect(durations).toEqual([undefined, 0]);
});
