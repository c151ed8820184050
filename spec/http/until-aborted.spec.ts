import { getEventListeners } from 'node:events';
import type { ApiEvent, RequestOptions, Transport } from 'renewal';
import { delay, EMPTY, NEVER, Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createRecorder, outcomeOf } from '../support/http-client';
import { createVirtualClient, response, virtually } from '../support/virtual';

const REASON = new Error('no longer needed');

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

/** A controller that aborts at a time of the virtual clock. */
const abortingAt = (ms: number): AbortSignal => {
  const controller = new AbortController();
  of(null)
    .pipe(delay(ms))
    .subscribe(() => controller.abort(REASON));
  return controller.signal;
};

describe('a signal', () => {
  it('that is aborted already lets nothing be sent, and reports no event', () => {
    const { api, requests } = createRecorder();
    const events: ApiEvent[] = [];
    api.events$.subscribe((event) => events.push(event));
    const signal = AbortSignal.abort(REASON);
    expect(outcomeOf(api.get$('/a', { signal }))).toEqual({ values: [], error: REASON });
    expect([requests, events, listenersOf(signal)]).toEqual([[], [], 0]);
  });

  it('ends the attempt on the wire before the error is emitted', () => {
    const steps: unknown[] = [];
    const transport: Transport = () => new Observable(() => () => steps.push('unsubscribed'));
    const { api } = createRecorder({ transport });
    const controller = new AbortController();
    api.get$('/a', { signal: controller.signal }).subscribe({ error: (error) => steps.push(error) });
    controller.abort(REASON);
    expect(steps).toEqual(['unsubscribed', REASON]);
    expect(listenersOf(controller.signal)).toBe(0);
  });

  it('ends the wait for a refresh, which goes on', () =>
    virtually(({ flush, cold, expectObservable }) => {
      const { api, sent, session } = createVirtualClient({
        refresh: () => cold('50ms (a|)', { a: { accessToken: 'T2' } }),
      });
      const signal = abortingAt(20);
      expectObservable(api.get$('/a', { signal })).toBe('20ms #', undefined, REASON);
      flush();
      expect([sent, session.state, listenersOf(signal)]).toMatchObject([
        ['GET /a T1'],
        { status: 'active', tokens: { accessToken: 'T2' } },
        0,
      ]);
    }));

  it('ends the second attempt', () =>
    virtually(({ flush, expectObservable }) => {
      const { api, sent } = createVirtualClient({
        respond: (request, suggested) => (request.headers.authorization === 'Bearer T1' ? of(suggested) : NEVER),
      });
      const signal = abortingAt(20);
      expectObservable(api.get$('/a', { signal })).toBe('20ms #', undefined, REASON);
      flush();
      expect([sent, listenersOf(signal)]).toEqual([['GET /a T1', 'GET /a T2'], 0]);
    }));

  it('that is aborted by a listener of an event lets nothing be sent', () => {
    for (const phase of ['queued', 'sent']) {
      let isSubscribed = false;
      const transport: Transport = () =>
        new Observable(() => {
          isSubscribed = true;
        });
      const { api } = createRecorder({ transport });
      const controller = new AbortController();
      const phases: unknown[] = [];
      api.events$.subscribe((event) => {
        phases.push(Object(event).phase);
        if (Object(event).phase === phase) controller.abort(REASON);
      });
      expect(outcomeOf(api.get$('/a', { signal: controller.signal }))).toEqual({ values: [], error: REASON });
      expect([isSubscribed, phases.at(-1), listenersOf(controller.signal)]).toEqual([false, 'cancelled', 0]);
    }
  });

  it.each<[string, Transport]>([
    ['a response', () => of(response(200, 'body'))],
    ['an error status', () => of(response(500))],
    ['an error', () => throwError(() => new Error('broken'))],
    ['no response', () => EMPTY],
  ])('keeps no listener after %s', (_, transport) => {
    const { api } = createRecorder({ transport });
    const { signal } = new AbortController();
    expect(outcomeOf(api.get$('/a', { signal }))).not.toEqual({ values: [] });
    expect(listenersOf(signal)).toBe(0);
  });

  it('keeps no listener after the caller has unsubscribed, and then emits nothing', () => {
    const { api } = createRecorder({ transport: () => NEVER });
    const controller = new AbortController();
    const outcome: unknown[] = [];
    const subscription = api.get$('/a', { signal: controller.signal }).subscribe({ error: (e) => outcome.push(e) });
    expect(listenersOf(controller.signal)).toBe(1);
    subscription.unsubscribe();
    controller.abort(REASON);
    expect([outcome, listenersOf(controller.signal)]).toEqual([[], 0]);
  });

  it('may be shared by many requests, and is a `cancelled` event of each', () => {
    const { api } = createRecorder({ transport: () => NEVER });
    const controller = new AbortController();
    const phases: unknown[] = [];
    api.events$.subscribe((event) => phases.push(Object(event).phase));
    const requests = ['/a', '/b', '/c'].map((url) => outcomeOf(api.get$(url, { signal: controller.signal })));
    controller.abort(REASON);
    expect(requests).toEqual(requests.map(() => ({ values: [], error: REASON })));
    expect(phases.filter((phase) => phase === 'cancelled')).toHaveLength(3);
    expect(listenersOf(controller.signal)).toBe(0);
  });

  it('changes nothing of a request that has been answered', () => {
    const { api } = createRecorder();
    const controller = new AbortController();
    const outcome = outcomeOf(api.get$('/a', { signal: controller.signal }));
    controller.abort(REASON);
    expect(outcome).toEqual({ values: ['body'], isComplete: true });
  });

  it('of a polyfill, which knows no reason, is an AbortError', () => {
    const { api } = createRecorder();
    const listeners = { addEventListener: () => {}, removeEventListener: () => {} };
    const signal = { aborted: true, ...listeners } as unknown as AbortSignal; // as much of it as is used
    expect(outcomeOf(api.get$('/a', { signal })).error).toMatchObject({ name: 'AbortError' });
  });

  it.each([7, 'hidden', {}, new AbortController()])('is refused if it is %o', (value) => {
    const { api, requests } = createRecorder();
    const options = { signal: value } as unknown as RequestOptions; // as plain JavaScript may pass it
    expect(outcomeOf(api.get$('/a', options)).error).toMatchObject({
      code: 'request',
      message: 'GET /a: signal: expected an AbortSignal',
    });
    expect(requests).toEqual([]);
  });
});
