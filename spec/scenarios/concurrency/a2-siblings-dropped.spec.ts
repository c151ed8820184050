import type { TokenGrant } from 'renewal';
import { delay, of, tap } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { type Echo, REFRESH } from '../../support/server';
import { createExpiredClient, errorsOf, paths, settleAll } from '../../support/server-client';
import { createVirtualClient, lineOf, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';
const COUNT = 100;

/** Numbers from 0 up to 1, the same for the same seed (Lehmer generator). */
const createRandom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

const shuffled = <T>(items: readonly T[], random: () => number): T[] =>
  items
    .map((item) => ({ item, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);

/** Splits the items into runs of one to five. */
const inRuns = <T>(items: readonly T[], random: () => number): T[][] => {
  const runs: T[][] = [];
  for (let at = 0; at < items.length; at += runs.at(-1)?.length ?? 1) {
    runs.push(items.slice(at, at + 1 + Math.floor(random() * 5)));
  }
  return runs;
};

const seeds = Array.from({ length: 50 }, (_, index) => 1_000 + 7_919 * index);

failureMode(
  {
    id: 'A2',
    title: 'Siblings dropped: only the first expired request is replayed',
    renewal: 'Every request with an expired response waits for the running refresh and is replayed after it.',
    threads: ['Flyrell/axios-auth-refresh#307', 'Flyrell/axios-auth-refresh#56', 'trento-project/web#4249'],
  },
  (signal) => {
    const server = withServer(signal);

    it('replays requests that expired 20, 60 and 100 ms after leaving, after the refresh', () => {
      virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const refresh = cold<TokenGrant>('200ms (g|)', { g: { accessToken: 'T2' } });
        const { api, sent } = createVirtualClient({
          signal,
          refresh: () => refresh,
          respond: (request, answer) => {
            const [, path, token] = lineOf(request).split(' ');
            return of(answer).pipe(delay(token === 'T1' ? Number(path?.slice(1)) : 0));
          },
        });
        for (const path of ['/20', '/60', '/100']) {
          expectObservable(api.get$(path)).toBe('220ms (v|)', { v: { by: 'T2' } });
        }
        expectSubscriptions(refresh.subscriptions).toBe('20ms ^ 199ms !');
        flush();
        expect(sent).toEqual(['GET /20 T1', 'GET /60 T1', 'GET /100 T1', 'GET /20 T2', 'GET /60 T2', 'GET /100 T2']);
      });
    });

    it.each([
      ['just before', [5]],
      // Deferred again after the refresh was, and so scheduled behind it.
      ['just after', [4, 1]],
    ])('replays a request that expires in the tick of the refresh, %s its end', (when, waits) => {
      virtually(({ cold, flush }) => {
        const order: string[] = [];
        const refresh = cold<TokenGrant>('5ms (g|)', { g: { accessToken: 'T2' } });
        const { api, sent } = createVirtualClient({
          signal,
          refresh: () => refresh.pipe(tap(() => order.push('refresh'))),
          respond: (request, answer) => {
            if (lineOf(request) !== 'GET /sibling T1') return of(answer);
            return waits
              .reduce((answer$, ms) => answer$.pipe(delay(ms)), of(answer))
              .pipe(tap(() => order.push('sibling')));
          },
        });
        const outcomes = ['/sibling', '/first'].map((path) => outcomeOf(api.get$(path)));
        flush();
        expect(order).toEqual(when === 'just before' ? ['sibling', 'refresh'] : ['refresh', 'sibling']);
        expect(outcomes).toEqual([completedWith({ by: 'T2' }), completedWith({ by: 'T2' })]);
        expect(sent).toEqual(['GET /sibling T1', 'GET /first T1', 'GET /first T2', 'GET /sibling T2']);
      });
    });

    it('replays the siblings whatever their method, each with its own body', async () => {
      const { api } = createExpiredClient(server);
      const dead = server.hold(({ token }) => token === T1);
      const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
      const results = settleAll(
        methods.map((method) => api.request$<Echo>(method, `/${method}`, method === 'GET' ? {} : { body: { method } })),
      );
      await dead.arrived(methods.length);
      dead.open();

      expect(errorsOf(await results)).toEqual(Array(methods.length).fill(undefined));
      for (const method of methods) {
        const body = method === 'GET' ? '' : JSON.stringify({ method });
        const seen = server.hitsOf(`/${method}`).map((hit) => [hit.method, hit.token, `${hit.body}`]);
        expect(seen).toEqual([T1, T2].map((token) => [method, token, body]));
      }
      expect(server.refreshes).toBe(1);
    });

    it.each(seeds)('drops none of 100 requests, in any order of the responses (seed %i)', async (seed) => {
      const random = createRandom(seed);
      const { api, received: came } = createExpiredClient(server);
      const dead = server.hold(({ token }) => token === T1);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const results = settleAll(paths(COUNT).map((path) => api.get$<Echo>(path)));
      await dead.arrived(COUNT);

      // Before the first expired response there is no refresh to release.
      const [first = '', ...rest] = shuffled(paths(COUNT), random);
      dead.open(({ path }) => path === first);
      await refresh.arrived(1);
      for (const run of inRuns(shuffled([...rest, REFRESH], random), random)) {
        for (const released of run) {
          // A second refresh would be a fault. It is not held, so the test fails by an assertion and not by its
          // timeout.
          if (released === REFRESH) refresh.open();
          else dead.open(({ path }) => path === released);
        }
        await Promise.all(run.map((path) => came(path)));
      }

      expect(errorsOf(await results)).toEqual(Array(COUNT).fill(undefined));
      expect(server.refreshes).toBe(1);
      expect(server.hits).toHaveLength(2 * COUNT);
      for (const path of paths(COUNT)) expect(server.tokensOf(path)).toEqual([T1, T2]);
    });
  },
);
