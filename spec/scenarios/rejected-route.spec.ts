import { isApiError } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Echo, REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';
import { createClient, createExpiredClient, errorOf, errorsOf, paths, settleAll } from '../support/server-client';
import { tokensShownBy } from '../support/server-secrets';

describe.each(SIGNALS)('a route that takes no token at all, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
    server.closedTo.add('/closed');
  });
  afterEach(() => server.close());

  it('is hit twice, costs one refresh, and ends in a TokenRejectedError with its second answer', async () => {
    const { api, session } = createClient(server);
    const error = await errorOf(api.get$('/closed'));
    expect(isApiError(error, 'token-rejected')).toBe(true);
    expect(error).toMatchObject({
      response: { status: signal === 'HTTP 401' ? 401 : 200, body: { path: '/closed', nth: 2 } },
    });
    expect(server.tokensOf('/closed')).toEqual(['a.access.1', 'a.access.2']);
    expect(server.refreshes).toBe(1);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'a.access.2' } });
    expect(tokensShownBy([error])).toEqual([]);
  });

  it('costs no further refresh when it is called again and again', async () => {
    const { api, session } = createClient(server);
    await errorOf(api.get$('/closed'));
    for (let call = 1; call <= 20; call++) {
      const error = await errorOf(api.get$('/closed', { params: { call } }));
      expect(isApiError(error, 'token-rejected')).toBe(true);
      expect(error).toMatchObject({ response: { body: { nth: 2 + call } } });
    }
    expect(server.refreshes).toBe(1);
    expect(server.hitsOf('/closed')).toHaveLength(22);
    expect(session.state.status).toBe('active');
  });

  it('costs one refresh when it is called many times at once', async () => {
    const { api } = createClient(server);
    const first = server.hold(({ token }) => token === 'a.access.1');
    const fates = settleAll(Array.from({ length: 20 }, () => api.get$('/closed')));
    await first.arrived(20);
    first.open();
    const errors = errorsOf(await fates);
    expect(errors.filter((error) => isApiError(error, 'token-rejected'))).toHaveLength(20);
    expect(server.refreshes).toBe(1);
    expect(server.tokensOf('/closed')).toEqual([...Array(20).fill('a.access.1'), ...Array(20).fill('a.access.2')]);
    expect(tokensShownBy(errors)).toEqual([]);
  });

  it('leaves the other routes, methods and requests of the session alone', async () => {
    const { api } = createClient(server);
    await errorOf(api.get$('/closed'));
    const fates = await settleAll(paths(5).map((path) => api.get$<Echo>(path)));
    expect(errorsOf(fates)).toEqual(Array(5).fill(undefined));
    for (const path of paths(5)) expect(server.tokensOf(path)).toEqual(['a.access.2']);
    expect(server.refreshes).toBe(1);

    // Their token does expire, and is renewed.
    server.live.clear();
    expect(await lastValueFrom(api.get$<Echo>('/orders/0'))).toMatchObject({ by: 'a.access.3' });
    expect(server.refreshes).toBe(2);
  });

  it('may open: it is answered again as any other', async () => {
    const { api } = createClient(server);
    await errorOf(api.get$('/closed'));
    server.closedTo.clear();
    expect(await lastValueFrom(api.get$<Echo>('/closed'))).toMatchObject({ by: 'a.access.2', nth: 3 });
    expect(server.refreshes).toBe(1);
  });

  it('does not fail those who wait for the refresh that it has started', async () => {
    const { api } = createExpiredClient(server);
    const refresh = server.hold(({ path }) => path === REFRESH);
    const closed = errorOf(api.get$('/closed'));
    await refresh.arrived(1);
    const waiting = settleAll(paths(10).map((path) => api.get$<Echo>(path)));
    refresh.open();
    expect(isApiError(await closed, 'token-rejected')).toBe(true);
    expect(errorsOf(await waiting)).toEqual(Array(10).fill(undefined));
    expect(server.refreshes).toBe(1);
  });
});
