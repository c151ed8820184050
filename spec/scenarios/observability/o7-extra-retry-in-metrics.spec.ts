import type { ApiEvent, Interceptor, RequestEvent, TokenGrant } from 'renewal';
import { delay, NEVER, of, retry, Subject, switchMap, take } from 'rxjs';
import { expect, it } from 'vitest';
import { describeEvent, eventsOf } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf, unhandledBy } from '../../support/http-client';
import { createExpiredClient, paths, settleAll } from '../../support/server-client';
import { createVirtualClient, ORIGIN, response, type VirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const stepsIn = (events: readonly ApiEvent[]): RequestEvent[] =>
  events.flatMap((event) => (event.type === 'request' ? event : []));

const fail = (): never => {
  throw new Error();
};

failureMode(
  {
    id: 'O7',
    title: 'The second attempt counts as another request: wrong metrics, flickering flags',
    renewal:
      'A request is reported as one, from `queued` to one `settled` or `cancelled`, however often it is sent; `attempt` is the number of the sending.',
  },
  (signal) => {
    const server = withServer(signal);

    it('reports a replayed request as one, from its first step to its last', () => {
      virtually(({ flush }) => {
        const { api } = createVirtualClient({
          signal,
          refresh: () => of({ accessToken: 'T2' }).pipe(delay(5)),
          respond: (_request, answer) => of(answer).pipe(delay(2)),
        });
        const events = eventsOf(api);
        outcomeOf(api.get$('/a'));
        flush();
        const request = { type: 'request', requestId: 1, method: 'GET', url: `${ORIGIN}/a` };
        const refresh = { type: 'refresh', refreshId: 1, generation: 1, waiting: 1 };
        expect(events).toEqual([
          { ...request, phase: 'queued', attempt: 0, atMs: 0 },
          { ...request, phase: 'sent', attempt: 1, generation: 1, atMs: 0 },
          { ...request, phase: 'token-expired', attempt: 1, generation: 1, atMs: 2 },
          { ...request, phase: 'waiting', attempt: 1, generation: 1, refreshId: 1, atMs: 2 },
          { ...refresh, phase: 'started', atMs: 2 },
          { ...refresh, phase: 'succeeded', atMs: 7 },
          { ...request, phase: 'resent', attempt: 2, generation: 2, atMs: 7 },
          { ...request, phase: 'settled', attempt: 2, generation: 2, status: 200, atMs: 9, durationMs: 9 },
        ]);
      });
    });
    it('raises a loading flag once and lowers it once, for a storm with a refresh', async () => {
      const { api } = createExpiredClient(server);
      const events = eventsOf(api);
      const dead = server.hold(({ token }) => token === 'a.access.1');
      const results = settleAll(paths(50).map((path) => api.get$(path)));
      await dead.arrived(50);
      dead.open();
      await results;

      const flag: boolean[] = [];
      let loading = 0;
      for (const { phase } of stepsIn(events)) {
        loading += phase === 'queued' ? 1 : phase === 'settled' ? -1 : 0;
        if (flag.at(-1) !== loading > 0) flag.push(loading > 0);
      }
      expect(flag).toEqual([true, false]);
      const settled = stepsIn(events).filter(({ phase }) => phase === 'settled');
      expect(new Set(settled.map(({ requestId }) => requestId)).size).toBe(50);
      expect(settled.map(({ attempt }) => attempt)).toEqual(Array(50).fill(2));
      expect(stepsIn(events).filter(({ phase }) => phase === 'queued')).toHaveLength(50);
    });

    it('counts one attempt of a request that only waited', () => {
      const grants = new Subject<TokenGrant>();
      const { api } = createVirtualClient({ signal, refresh: () => grants });
      outcomeOf(api.get$('/first'));
      const events = eventsOf(api);
      outcomeOf(api.get$('/a'));
      grants.next({ accessToken: 'T2' });
      expect(stepsIn(events).map(describeEvent)).toEqual([
        'request 1 queued, attempt 0',
        'request 1 waiting, attempt 0, refresh 1',
        'request 1 sent, attempt 1, generation 2',
        'request 1 settled, attempt 1, generation 2, status 200',
      ]);
    });

    it('counts repetitions by an interceptor as attempts, and by the caller as requests', () => {
      let busy = 2;
      const { api } = createVirtualClient({
        signal,
        respond: (_request, answer) => of(answer.status === 200 && busy-- > 0 ? response(503) : answer),
        isDead: () => false,
      });
      const again: Interceptor = (request, next) =>
        next(request).pipe(
          switchMap((event) => ('status' in event && event.status === 503 ? next(request) : of(event))),
        );
      const client = api.extend({ interceptors: [again] });
      const events = eventsOf(client);
      outcomeOf(client.get$('/a').pipe(retry(1)));
      expect(stepsIn(events).map(describeEvent)).toEqual([
        'request 1 queued, attempt 0',
        'request 1 sent, attempt 1, generation 1',
        'request 1 resent, attempt 2, generation 1',
        'request 1 settled, attempt 2, generation 1, status 503, error status',
        'request 2 queued, attempt 0',
        'request 2 sent, attempt 1, generation 1',
        'request 2 settled, attempt 1, generation 1, status 200',
      ]);
    });

    it.each<[string, (client: VirtualClient) => unknown, string]>([
      ['completes', ({ api }) => outcomeOf(api.get$('/a')), 'settled'],
      [
        'completes, and is unsubscribed by its response',
        ({ api }) => outcomeOf(api.get$('/a').pipe(take(1))),
        'settled',
      ],
      ['completes, with a handler that throws', ({ api }) => api.get$('/a').subscribe(fail), 'settled'],
      ['cannot be sent', ({ api }) => outcomeOf(api.post$('/a', new Map())), 'settled'],
      ['is unsubscribed on the wire', ({ api }) => api.get$('/slow').subscribe().unsubscribe(), 'cancelled'],
      [
        'is unsubscribed while it waits',
        ({ api, session }) => {
          const request = api.get$('/a').subscribe();
          request.unsubscribe();
          session.signOut();
        },
        'cancelled',
      ],
      [
        'ends by a sign-out while it waits',
        ({ api, session }) => {
          outcomeOf(api.get$('/a'));
          session.signOut();
        },
        'settled',
      ],
    ])('reports one end of a request that %s', (name, play, phase) => {
      const client = createVirtualClient({
        signal,
        isDead: () => name.endsWith('it waits'),
        refresh: () => NEVER,
        respond: ({ url }, answer) => (url.endsWith('/slow') ? NEVER : of(answer)),
      });
      const events = eventsOf(client.api);
      unhandledBy(() => {
        play(client);
      });
      const ends = stepsIn(events).filter((step) => ['settled', 'cancelled'].includes(step.phase));
      expect(ends.map((step) => step.phase)).toEqual([phase]);
      expect(stepsIn(events).at(0)).toMatchObject({ phase: 'queued', requestId: ends[0]?.requestId });
      expect(stepsIn(events).at(-1)).toBe(ends[0]);
    });

    it('reports nothing of a request with an invalid url', () => {
      const { api } = createVirtualClient({ signal });
      const events = eventsOf(api);
      expect(outcomeOf(api.get$('http://['))).toMatchObject({ error: { code: 'request' } });
      expect(events).toEqual([]);
    });
  },
);
