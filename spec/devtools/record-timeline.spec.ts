import type { ApiEvent } from 'renewal';
import { recordTimeline, type Timeline } from 'renewal/devtools';
import { delay, map, of, Subject, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createConnector } from '../../lib/connector';
import { watchSubjects } from '../support/subjects';
import { createVirtualClient, virtually } from '../support/virtual';
import { refresh, request, START_MS, session, story, stream, streamed, succeeded } from './story';

/** Records the events of `emit`. */
const createRecorder = (maxLanes?: number) => {
  const events = new Subject<ApiEvent>();
  const recorder = recordTimeline({ events$: events }, maxLanes === undefined ? {} : { maxLanes });
  const emit = (...recorded: readonly ApiEvent[]): Timeline => {
    for (const event of recorded) events.next(event);
    return recorder.timeline;
  };
  return { events, recorder, tell: emit };
};

const idsOf = (entries: readonly { readonly id: number }[]) => entries.map(({ id }) => id);

describe('recordTimeline', () => {
  it('starts empty', () => {
    expect(createRecorder().recorder.timeline).toEqual({
      startedAtMs: 0,
      durationMs: 0,
      requests: [],
      streams: [],
      refreshes: [],
      sessionChanges: [],
      warnings: [],
      dropped: 0,
    });
  });

  it('records a request with an expired token, its wait and its replay in order', () => {
    virtually(({ flush }) => {
      const { api } = createVirtualClient({
        respond: (_request, answer) => of(answer).pipe(delay(10)),
        refresh: () => timer(50).pipe(map(() => ({ accessToken: 'T2' }))),
      });
      const recorder = recordTimeline(api);
      api.get$('/orders?secret=1').subscribe();
      flush();
      expect(recorder.timeline).toEqual({
        startedAtMs: 0,
        durationMs: 70,
        requests: [
          {
            id: 1,
            method: 'GET',
            url: 'https://api.test/orders',
            startedMs: 0,
            endedMs: 70,
            marbles: [
              { kind: 'sent', atMs: 0, generation: 1 },
              { kind: 'expired', atMs: 10, generation: 1 },
              { kind: 'waiting', atMs: 10, generation: 1, refreshId: 1 },
              { kind: 'sent-again', atMs: 60, generation: 2 },
              { kind: 'answer', atMs: 70, generation: 2, status: 200 },
            ],
          },
        ],
        streams: [],
        refreshes: [{ id: 1, startedMs: 10, endedMs: 60, phase: 'succeeded', waiting: 1 }],
        sessionChanges: [],
        warnings: [],
        dropped: 0,
      });
    });
  });

  it('counts times from the first event, independent of the clock', () => {
    const { tell } = createRecorder();
    const { startedAtMs, durationMs, requests } = tell(session(7, 'signed-in'), ...succeeded(1, 30));
    expect([startedAtMs, durationMs, requests[0]?.startedMs]).toEqual([START_MS + 7, 43, 23]);
    expect(tell(request(2, 3, 'queued')).durationMs).toBe(43);
  });

  it('records an error with its code and status, and a cancelled request', () => {
    const { requests } = createRecorder().tell(
      request(1, 0, 'queued'),
      request(1, 5, 'settled', { error: 'network' }),
      request(2, 0, 'sent'),
      request(2, 6, 'settled', { error: 'status', status: 503 }),
      request(3, 0, 'sent'),
      request(3, 7, 'cancelled'),
    );
    expect(requests.map(({ marbles }) => marbles.at(-1))).toEqual([
      { kind: 'error', atMs: 5, error: 'network' },
      { kind: 'error', atMs: 6, error: 'status', status: 503 },
      { kind: 'cancelled', atMs: 7 },
    ]);
    expect(requests.map(({ endedMs }) => endedMs)).toEqual([5, 6, 7]);
  });

  it('records a running refresh, and the reason of a failed one', () => {
    const { tell } = createRecorder();
    expect(tell(refresh(0, 'started', { waiting: 1 })).refreshes).toEqual([
      { id: 1, startedMs: 0, phase: 'started', waiting: 1 },
    ]);
    const failed = refresh(9, 'failed', { waiting: 3, kind: 'status', status: 400, final: true });
    expect(tell(failed).refreshes).toEqual([
      { id: 1, startedMs: 0, endedMs: 9, phase: 'failed', waiting: 3, kind: 'status', status: 400, final: true },
    ]);
  });

  it('records session changes and warnings', () => {
    const { sessionChanges, warnings } = createRecorder().tell(
      session(0, 'signed-in', 1),
      session(4, 'signed-out', 2),
      { type: 'warning', message: 'load of the store: no answer', atMs: START_MS + 6 },
    );
    expect(sessionChanges).toEqual([
      { phase: 'signed-in', atMs: 0, generation: 1 },
      { phase: 'signed-out', atMs: 4, generation: 2 },
    ]);
    expect(warnings).toEqual([{ message: 'load of the store: no answer', atMs: 6 }]);
  });

  it('records a stream: its connections, its events, its gaps and its end', () => {
    expect(createRecorder().tell(...streamed(1, 0)).streams).toEqual([
      {
        id: 1,
        method: 'GET',
        url: 'https://shop.test/orders/live',
        startedMs: 0,
        endedMs: 60_000,
        connections: 3,
        events: 12,
        marbles: [
          { kind: 'opened', atMs: 0, connection: 1, events: 0 },
          { kind: 'reconnecting', atMs: 100, connection: 1, events: 4, delayMs: 40, error: 'network' },
          { kind: 'reconnecting', atMs: 140, connection: 2, events: 4, delayMs: 80, error: 'status' },
          { kind: 'opened', atMs: 220, connection: 3, events: 4 },
          { kind: 'ended', atMs: 60_000, connection: 3, events: 12 },
        ],
      },
    ]);
  });

  it('records an open stream, one that is recorded late, and one that fails', () => {
    const { streams } = createRecorder().tell(
      stream(1, 0, 'opened'),
      stream(1, 5, 'events', { events: 3 }),
      stream(2, 6, 'events', { connection: 4, events: 90 }),
      stream(3, 7, 'ended', { error: 'session-expired' }),
    );
    expect(streams).toMatchObject([
      { id: 1, startedMs: 0, connections: 1, events: 3, marbles: [{ kind: 'opened' }] },
      { id: 2, startedMs: 6, connections: 4, events: 90, marbles: [] },
      { id: 3, startedMs: 7, endedMs: 7, events: 0, marbles: [{ kind: 'error', error: 'session-expired' }] },
    ]);
    expect(streams.map((lane) => 'endedMs' in lane)).toEqual([false, false, true]);
  });

  it('records what a stream of a client reports, beside the request of its connection', () => {
    virtually(({ flush }) => {
      const { api } = createVirtualClient({
        isDead: () => false,
        respond: (_request, answer) => of({ ...answer, body: null }).pipe(delay(10)),
      });
      const recorder = recordTimeline(api);
      const connector = createConnector(api);
      connector.connect$('GET', '/orders/live?secret=1', {}, true).subscribe(() => {
        connector.report({ phase: 'opened', connection: 1, events: 0 });
      });
      timer(30).subscribe(() => connector.report({ phase: 'ended', connection: 1, events: 2 }));
      flush();
      const { requests, streams } = recorder.timeline;
      expect(requests).toMatchObject([{ id: 1, startedMs: 0, endedMs: 10 }]);
      expect(streams).toMatchObject([{ id: 1, startedMs: 10, endedMs: 30, url: 'https://api.test/orders/live' }]);
    });
  });

  it('survives JSON unchanged', () => {
    const timeline = createRecorder().tell(...story(20), ...streamed(1, 0));
    expect(JSON.parse(JSON.stringify(timeline))).toStrictEqual(timeline);
    expect(timeline.requests).toHaveLength(23);
  });

  it('holds no token', () => {
    virtually(({ flush }) => {
      const { api, session: made } = createVirtualClient({
        refresh: () => of({ accessToken: 'T2', refreshToken: 'R2' }),
      });
      const recorder = recordTimeline(api);
      api.get$('/orders?key=T1').subscribe();
      made.refresh$().subscribe();
      flush();
      expect(recorder.timeline.refreshes.length).toBeGreaterThan(0);
      expect(JSON.stringify(recorder.timeline)).not.toMatch(/[TR][12]/);
    });
  });
});

describe('the timeline of a recorder', () => {
  it('is the same object until the next event, and never changes afterwards', () => {
    const { recorder, tell } = createRecorder();
    const before = tell(request(1, 0, 'queued'));
    expect(recorder.timeline).toBe(before);
    const kept = structuredClone(before);
    const after = tell(request(1, 0, 'sent'), ...succeeded(2, 3));
    expect(after).not.toBe(before);
    expect(before).toEqual(kept);
  });

  it('keeps unchanged parts as the same objects', () => {
    const { tell } = createRecorder();
    const before = tell(...succeeded(1, 0), refresh(0, 'started'), session(0, 'signed-in'), request(2, 5, 'queued'));
    const after = tell(request(2, 6, 'sent'));
    expect(after.requests[0]).toBe(before.requests[0]);
    expect(after.requests[1]).not.toBe(before.requests[1]);
    expect(after.refreshes).toBe(before.refreshes);
    expect(after.sessionChanges).toBe(before.sessionChanges);
    expect(after.streams).toBe(before.streams);
  });

  it('is new when changes$ emits', () => {
    const { recorder, tell } = createRecorder();
    const seen: number[] = [];
    recorder.changes$.subscribe(() => seen.push(recorder.timeline.requests.length));
    tell(...succeeded(1, 0), ...succeeded(2, 0));
    expect(seen).toEqual([1, 1, 1, 2, 2, 2]);
  });
});

describe('the memory of a recorder', () => {
  it('is bounded: the lane that settled first is dropped first', () => {
    const { tell } = createRecorder(3);
    tell(request(1, 0, 'queued'), request(2, 0, 'queued'), request(3, 0, 'queued'));
    tell(request(2, 5, 'settled'), request(1, 6, 'cancelled'), request(3, 7, 'settled'));
    expect(idsOf(tell(request(4, 8, 'queued')).requests)).toEqual([1, 3, 4]);
    expect(idsOf(tell(request(5, 9, 'queued')).requests)).toEqual([3, 4, 5]);
    expect(tell(request(6, 9, 'queued')).dropped).toBe(3);
  });

  it('keeps all lanes in flight, and drops them once they have settled', () => {
    const { tell } = createRecorder(2);
    tell(...[1, 2, 3, 4].map((id) => request(id, 0, 'queued')));
    expect(idsOf(tell(...succeeded(5, 1)).requests)).toEqual([1, 2, 3, 4]);
    expect(idsOf(tell(request(3, 2, 'settled')).requests)).toEqual([1, 2, 4]);
    expect(idsOf(tell(request(1, 3, 'settled'), request(2, 3, 'settled')).requests)).toEqual([2, 4]);
  });

  it('keeps 500 lanes by default', () => {
    const { tell, recorder } = createRecorder();
    for (let id = 1; id <= 520; id++) tell(...succeeded(id, id));
    expect(recorder.timeline.requests).toHaveLength(500);
    expect(recorder.timeline.requests[0]?.id).toBe(21);
  });

  it('bounds streams: open ones are kept, ended ones are dropped and counted', () => {
    const { tell, recorder } = createRecorder(2);
    tell(...[1, 2, 3, 4].map((id) => stream(id, 0, 'opened')), ...succeeded(1, 0));
    expect(idsOf(recorder.timeline.streams)).toEqual([1, 2, 3, 4]);
    tell(stream(3, 5, 'ended'), stream(1, 6, 'ended'), stream(5, 7, 'opened'), ...succeeded(2, 7), ...succeeded(3, 7));
    expect(idsOf(recorder.timeline.streams)).toEqual([2, 4, 5]);
    expect(recorder.timeline.dropped).toBe(3);
  });

  it('keeps the newest marbles of a stream that reconnects endlessly', () => {
    const { tell, recorder } = createRecorder();
    for (let at = 0; at <= 1_000; at++) tell(stream(1, at, 'opened'), stream(1, at, 'reconnecting', { delayMs: 0 }));
    const [{ startedMs, marbles } = { startedMs: -1, marbles: [] }] = recorder.timeline.streams;
    expect([startedMs, marbles.length, marbles[0]?.atMs, marbles.at(-1)?.atMs]).toEqual([0, 100, 951, 1_000]);
  });

  it('does not grow with the events of a stream', () => {
    const { tell, recorder } = createRecorder();
    tell(stream(1, 0, 'opened'));
    for (let at = 1; at <= 1_000; at++) tell(stream(1, at, 'events', { events: at }));
    expect(recorder.timeline.streams).toMatchObject([{ events: 1_000, marbles: [{ kind: 'opened' }] }]);
  });

  it('bounds refreshes, session changes and warnings as well', () => {
    const { tell, recorder } = createRecorder(3);
    for (let at = 1; at <= 9; at++) {
      tell(refresh(at, 'started', { refreshId: at }), refresh(at, 'succeeded', { refreshId: at }));
      tell(session(at, 'adopted', at), { type: 'warning', message: `no. ${at}`, atMs: START_MS + at });
    }
    const { refreshes, sessionChanges, warnings } = recorder.timeline;
    expect(idsOf(refreshes)).toEqual([7, 8, 9]);
    expect(sessionChanges.map(({ generation }) => generation)).toEqual([7, 8, 9]);
    expect(warnings.map(({ message }) => message)).toEqual(['no. 7', 'no. 8', 'no. 9']);
  });

  it('keeps the first and the newest marbles of an endlessly repeated request', () => {
    const { tell, recorder } = createRecorder();
    tell(request(1, 0, 'sent'));
    for (let at = 1; at <= 1_000; at++) tell(request(1, at, 'resent'));
    const marbles = recorder.timeline.requests[0]?.marbles ?? [];
    expect([marbles.length, marbles[0]?.atMs, marbles[1]?.atMs, marbles.at(-1)?.atMs]).toEqual([100, 0, 902, 1_000]);
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity])('refuses %d as its bound', (maxLanes) => {
    expect(() => createRecorder(maxLanes)).toThrow(new TypeError('maxLanes: expected a whole number, 1 or more'));
  });

  it('ends its subscription and completes changes$ on stop', () => {
    const watched = watchSubjects();
    const { events, recorder, tell } = createRecorder();
    let isComplete = false;
    recorder.changes$.subscribe({ complete: () => (isComplete = true) });
    const before = tell(...succeeded(1, 0));
    recorder.stop();
    expect([events.observed, isComplete, watched()]).toEqual([false, true, 0]);
    expect(tell(...succeeded(2, 0))).toBe(before);
  });

  it('records from the call until stop', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const told = { a: request(1, 0, 'queued'), b: request(1, 2, 'sent'), c: request(1, 4, 'settled') };
      const source = cold<ApiEvent>('-a-b-c', told);
      const recorder = recordTimeline({ events$: source });
      timer(4).subscribe(() => recorder.stop());
      expectObservable(recorder.changes$.pipe(map(() => recorder.timeline.durationMs))).toBe('-a-b|', { a: 0, b: 2 });
      expectSubscriptions(source.subscriptions).toBe('^---!');
    });
  });
});
