import { isApiError } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, REFRESH } from '../../support/server';
import { createClient, createExpiredClient, errorOf, errorsOf, paths, settleAll } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

failureMode(
  {
    id: 'C1',
    title: 'Rejected for another reason, such as a permission: replayed for ever',
    renewal:
      'A request is sent at most twice. If the new token is rejected as well, it errors with `TokenRejectedError`, which has the second response.',
    threads: [
      'supertokens/supertokens-website#113',
      'kestra-io/kestra#6450',
      'bucketeer-io/bucketeer#2455',
      'axios/axios#5700',
    ],
  },
  (signal) => {
    const server = withServer(signal);

    beforeEach(() => {
      server.closedTo.add('/closed');
    });

    it.each(['GET', 'POST', 'DELETE'])(
      'sends a %s twice, refreshes once, and errors with the second response',
      async (method) => {
        const { api, session } = createClient(server);
        const error = await errorOf(api.request$(method, '/closed'));

        expect(isApiError(error, 'token-rejected')).toBe(true);
        expect(error).toMatchObject({
          response: { status: signal === 'HTTP 401' ? 401 : 200, body: { path: '/closed', by: T2, nth: 2 } },
        });
        expect(server.tokensOf('/closed')).toEqual([T1, T2]);
        expect(server.refreshes).toBe(1);
        expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: T2 } });
        expect(tokensShownBy([error])).toEqual([]);
      },
    );

    it('refreshes once for many requests at once, and sends each twice', async () => {
      const { api } = createClient(server);
      const first = server.hold(({ token }) => token === T1);
      const results = settleAll(paths(20).map(() => api.get$('/closed')));
      await first.arrived(20);
      first.open();

      const errors = errorsOf(await results);
      expect(errors.filter((error) => isApiError(error, 'token-rejected'))).toHaveLength(20);
      expect(server.refreshes).toBe(1);
      expect(server.tokensOf('/closed')).toEqual([...Array(20).fill(T1), ...Array(20).fill(T2)]);
    });

    it.each([
      ['status 401', 401, { error: 'no' }],
      ['code 1002', 200, { code: 1002 }],
    ])('takes %s as a second rejection, whatever the first one was', async (_, status, body) => {
      const { api } = createClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const error = errorOf(api.get$('/closed'));
      await refresh.arrived(1);
      server.replies.set('/closed', json(body, status));
      refresh.open();

      expect(await error).toMatchObject({ code: 'token-rejected', response: { status, body } });
      expect(server.tokensOf('/closed')).toEqual([T1, T2]);
      expect(server.refreshes).toBe(1);
    });

    it('ends a request even if isExpired matches every response', async () => {
      const { api } = createClient(server, { isExpired: () => true });
      expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'token-rejected', response: { status: 200 } });
      expect(server.tokensOf('/orders')).toEqual([T1, T2]);
      expect(server.refreshes).toBe(1);
    });

    it('fails no other request that waits for the refresh of a rejected one', async () => {
      const { api } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const closed = errorOf(api.get$('/closed'));
      await refresh.arrived(1);
      const waiting = settleAll(paths(10).map((path) => api.get$<Echo>(path)));
      refresh.open();

      expect(await closed).toMatchObject({ code: 'token-rejected' });
      expect(errorsOf(await waiting)).toEqual(Array(10).fill(undefined));
      expect(server.refreshes).toBe(1);
    });

    it('keeps the session for the other requests, which use the new token', async () => {
      const { api } = createClient(server);
      await errorOf(api.get$('/closed'));
      expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: T2, nth: 1 });
      expect(server.refreshes).toBe(1);
    });
  },
);
