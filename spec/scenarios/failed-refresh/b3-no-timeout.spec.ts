import { isApiError, type TokenGrant } from 'renewal';
import { lastValueFrom, of } from 'rxjs';
import { beforeEach, expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { type Outcome, outcomeOf } from '../../support/http-client';
import { type Echo, REFRESH } from '../../support/server';
import { createExpiredClient, errorsOf, paths, settleAll, type TestClient } from '../../support/server-client';
import { createVirtualClient } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const COUNT = 5;
const SIGNED_IN = { accessToken: 'a.access.1', refreshToken: 'a.refresh.1' };

failureMode(
  {
    id: 'B3',
    title: 'A refresh that never responds blocks everything, because every request shares it',
    renewal:
      'It is cancelled and its connection closed after `refreshTimeoutMs`, 30 s by default: waiting requests get a `RefreshError`, the session is kept.',
    threads: ['piotr-agier/google-drive-mcp#169', 'jrl84/amazon-sp-api#300', 'zalando/tokens#52'],
  },
  (signal) => {
    const server = withServer(signal);

    beforeEach(stopClock);

    /** The outcomes of requests whose refresh has arrived and gets no response. */
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
      ['refreshTimeoutMs', { refreshTimeoutMs: 5_000 }, 5_000],
    ])('fails all waiting requests after %s, not before, and closes the connection', async (_, options, ms) => {
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

    it('keeps the session, and uses the same refresh token for the next request', async () => {
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

    it("respects the refresh request's own timeoutMs, and reports it as the cause", async () => {
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

    it('accepts a response in the last millisecond', async () => {
      const { api } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const results = settleAll(paths(COUNT).map((path) => api.get$<Echo>(path)));
      await refresh.arrived(1);
      vi.advanceTimersByTime(29_999);
      refresh.open();
      expect(errorsOf(await results)).toEqual(Array(COUNT).fill(undefined));
      expect(vi.getTimerCount()).toBe(0);
    });

    it('ignores a grant that arrives after the timeout', async () => {
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
