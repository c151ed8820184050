import { isApiError, type TokenGrant } from 'renewal';
import { lastValueFrom, of } from 'rxjs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { type Outcome, outcomeOf } from '../../support/http-client';
import { type Echo, REFRESH, startServer, type TestServer } from '../../support/server';
import { createExpiredClient, errorsOf, paths, settleAll, type TestClient } from '../../support/server-client';
import { createVirtualClient } from '../../support/virtual';

const COUNT = 5;
const SIGNED_IN = { accessToken: 'a.access.1', refreshToken: 'a.refresh.1' };

failureMode(
  {
    id: 'B3',
    title: 'A refresh that never answers blocks everything, because everyone shares it',
    renewal:
      'It is given up and its connection closed after `refreshTimeoutMs`, 30 s by default: those who wait get a `RefreshError`, the session is kept.',
    threads: ['piotr-agier/google-drive-mcp#169', 'jrl84/amazon-sp-api#300', 'zalando/tokens#52'],
  },
  (signal) => {
    let server: TestServer;

    beforeEach(async () => {
      server = await startServer(signal);
      stopClock();
    });
    afterEach(() => server.close());

    /** What becomes of requests whose refresh the server has and does not answer. */
    const stall = async ({ api, received }: TestClient): Promise<Outcome[]> => {
      server.refreshReply = 'never';
      const outcomes = paths(COUNT).map((path) => outcomeOf(api.get$(path)));
      const refresh = server.hold(({ path }) => path === REFRESH);
      await Promise.all([...paths(COUNT).map((path) => received(path)), refresh.arrived(1)]);
      refresh.open();
      outcomes.push(outcomeOf(api.get$('/held')));
      return outcomes;
    };

    it.each([
      ['30 s', {}, 30_000],
      ['as long as refreshTimeoutMs says', { refreshTimeoutMs: 5_000 }, 5_000],
    ])('ends the wait of all after %s, not before, and closes the connection', async (_, options, ms) => {
      const outcomes = await stall(createExpiredClient(server, options));
      vi.advanceTimersByTime(ms - 1);
      expect(outcomes).toEqual(Array(COUNT + 1).fill({ values: [] }));
      vi.advanceTimersByTime(1);

      const errors = outcomes.map(({ error }) => error);
      expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(COUNT + 1);
      expect(new Set(errors).size).toBe(1);
      await server.aborted(REFRESH);
      expect(server.refreshes).toBe(1);
      expect(server.hits).toHaveLength(COUNT);
    });

    it('keeps the session, and refreshes with the same refresh token for the next request', async () => {
      const client = createExpiredClient(server);
      await stall(client);
      vi.advanceTimersByTime(30_000);
      expect(client.session.state).toMatchObject({ status: 'expired', tokens: SIGNED_IN, error: { code: 'refresh' } });
      expect(await client.store.load()).toMatchObject(SIGNED_IN);

      server.refreshReply = undefined;
      vi.advanceTimersByTime(1_000);
      expect(await lastValueFrom(client.api.get$<Echo>('/next'))).toMatchObject({ by: 'a.access.2', nth: 1 });
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1']);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('is bounded as well by a timeoutMs of its own, which the error tells', async () => {
      const client = createExpiredClient(server, {
        refresh: ({ refreshToken }) => client.http.post$<TokenGrant>(REFRESH, { refreshToken }, { timeoutMs: 200 }),
      });
      const outcomes = await stall(client);
      vi.advanceTimersByTime(200);
      expect(outcomes).toMatchObject(
        Array(COUNT + 1).fill({ values: [], error: { code: 'refresh', cause: { code: 'timeout' } } }),
      );
      await server.aborted(REFRESH);
    });

    it('still takes an answer that comes in the last millisecond', async () => {
      const { api } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const results = settleAll(paths(COUNT).map((path) => api.get$<Echo>(path)));
      await refresh.arrived(1);
      vi.advanceTimersByTime(29_999);
      refresh.open();
      expect(errorsOf(await results)).toEqual(Array(COUNT).fill(undefined));
      expect(vi.getTimerCount()).toBe(0);
    });

    it('keeps nothing of a grant that comes after it was given up', async () => {
      let grantLate = (_grant: TokenGrant): void => {};
      let refresh: () => PromiseLike<TokenGrant> = () =>
        new Promise((resolve) => {
          grantLate = resolve;
        });
      const { api, session, sent } = createVirtualClient({ signal, refresh: () => refresh() });
      const outcome = outcomeOf(api.get$('/a'));
      await vi.advanceTimersByTimeAsync(30_000);
      grantLate({ accessToken: 'T2', refreshToken: 'R2' });
      await vi.advanceTimersByTimeAsync(1_000);
      expect(outcome).toMatchObject({ values: [], error: { code: 'refresh' } });
      expect(session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'T1', refreshToken: 'R1' } });

      refresh = () => lastValueFrom(of({ accessToken: 'T3' }));
      expect(await lastValueFrom(api.get$('/b'))).toEqual({ by: 'T3' });
      expect(sent).toEqual(['GET /a T1', 'GET /b T3']);
    });
  },
);
