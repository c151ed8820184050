import { firstValueFrom, lastValueFrom, type Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBarrier, createCounter } from '../support/barrier';
import { createClient } from '../support/client';
import { SIGNALS, startServer, type TestServer } from '../support/server';

const settleAll = (requests: readonly Observable<unknown>[]): Promise<PromiseSettledResult<unknown>[]> =>
  Promise.allSettled(requests.map((request) => lastValueFrom(request)));

const paths = (count: number): string[] => Array.from({ length: count }, (_, index) => `/orders/${index}`);

/** A shuffle that a seed repeats. */
const shuffled = <T>(items: readonly T[], seed: number): T[] => {
  let state = seed;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  return items
    .map((item) => ({ item, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
};

describe.each(SIGNALS)('requests with a dead token, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  it.each([1, 2, 50, 500])('%i at once become one refresh, and each is sent exactly twice', async (count) => {
    const { api, session, store } = createClient(server);
    const all = createCounter(count);
    const answers = createBarrier();
    server.beforeAnswer = async ({ token }) => {
      if (token !== 'T1') return;
      all.hit();
      await answers.passed;
    };
    const fates = settleAll(paths(count).map((path) => api.get$(path)));
    await all.reached;
    answers.open();

    expect((await fates).map(({ status }) => status)).toEqual(Array(count).fill('fulfilled'));
    expect(server.refreshes).toBe(1);
    expect(server.presented).toEqual(['R1']);
    for (const path of paths(count)) expect(server.hitsOf(path).map(({ token }) => token)).toEqual(['T1', 'T2']);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2', refreshToken: 'R2' } });
    expect(await store.load()).toMatchObject({ accessToken: 'T2', refreshToken: 'R2' });
  });

  it('sends nothing more with the dead token once an answer has said so', async () => {
    const { api } = createClient(server);
    const refreshing = createBarrier();
    const refresh = createBarrier();
    server.beforeRefresh = () => {
      refreshing.open();
      return refresh.passed;
    };
    const first = firstValueFrom(api.get$('/first'));
    await refreshing.passed;
    const later = settleAll(paths(10).map((path) => api.get$(path)));
    refresh.open();

    await Promise.all([first, later]);
    for (const path of paths(10)) expect(server.hitsOf(path).map(({ token }) => token)).toEqual(['T2']);
    expect(server.refreshes).toBe(1);
  });

  it('sends one again whose answer comes when the refresh is long over, and refreshes no second time', async () => {
    const { api } = createClient(server);
    const late = createBarrier();
    const bothSent = createCounter(2);
    server.beforeAnswer = async ({ path, token }) => {
      if (token !== 'T1') return;
      bothSent.hit();
      await (path === '/late' ? late.passed : bothSent.reached);
    };
    const slow = firstValueFrom(api.get$('/late'));
    await firstValueFrom(api.get$('/early'));
    expect(server.hitsOf('/late')).toHaveLength(1);
    late.open();

    expect(await slow).toMatchObject({ of: '/late', by: 'T2' });
    expect(server.refreshes).toBe(1);
  });

  it.each(Array.from({ length: 50 }, (_, seed) => seed + 1))(
    'come out right however their answers are ordered around the refresh (order %i)',
    async (seed) => {
      const count = 20;
      const { api } = createClient(server);
      const all = createCounter(count);
      const answers = new Map(paths(count).map((path) => [path, createBarrier()]));
      const refresh = createBarrier();
      server.beforeRefresh = () => refresh.passed;
      server.beforeAnswer = async ({ path, token }) => {
        if (token !== 'T1') return;
        all.hit();
        await answers.get(path)?.passed;
      };
      const fates = settleAll(paths(count).map((path) => api.get$(path)));
      await all.reached;
      for (const gate of shuffled([...answers.values(), refresh], seed)) gate.open();

      expect((await fates).filter(({ status }) => status === 'rejected')).toEqual([]);
      expect(server.refreshes).toBe(1);
      expect(server.hits).toHaveLength(2 * count);
    },
  );

  it('takes a path that refuses every token for what it is, and refreshes once for it', async () => {
    const { api } = createClient(server);
    server.refreshReply = { type: 'application/json', body: '{"accessToken":"T2","refreshToken":"R2"}' };
    const fate = firstValueFrom(api.get$('/forbidden'));
    await expect(fate).rejects.toMatchObject({ code: 'token-rejected', response: { body: { of: '/forbidden' } } });
    for (let again = 0; again < 20; again++) {
      await expect(firstValueFrom(api.get$('/forbidden'))).rejects.toMatchObject({ code: 'token-rejected' });
    }
    expect(server.refreshes).toBe(1);
    expect(server.hits).toHaveLength(22);
  });

  it('renews with the newest refresh token each time', async () => {
    const { api } = createClient(server);
    for (let expiry = 0; expiry < 3; expiry++) {
      server.live.clear();
      await firstValueFrom(api.get$(`/orders/${expiry}`));
    }
    expect(server.presented).toEqual(['R1', 'R2', 'R3']);
  });
});
