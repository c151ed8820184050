import { envelope, isApiError } from 'renewal';
import { lastValueFrom, type Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';
import { createClient, createExpiredClient, errorOf, type TestClient } from '../support/server-client';
import { tokensShownBy } from '../support/server-secrets';

const T1 = 'a.access.1';

describe.each(SIGNALS)('no token can be read, by %s,', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  /** What ends each kind of error. The server puts the token into the body of its answers, the caller into its own url and header. */
  const ENDS: Readonly<Record<string, (client: TestClient) => Observable<unknown>>> = {
    status: ({ api }) => {
      server.replies.set('/broken', json({ by: T1 }, 500));
      return api.get$('/broken', { params: { token: T1 }, headers: { 'x-token': T1 } });
    },
    network: ({ api }) => {
      server.replies.set('/reset', 'reset');
      return api.post$('/reset', { token: T1 }, { params: { token: T1 } });
    },
    timeout: ({ api }) => {
      server.replies.set('/never', 'never');
      return api.get$('/never', { params: { token: T1 }, timeoutMs: 20 });
    },
    parse: ({ api }) => {
      server.replies.set('/html', { type: 'text/html', body: `<h1>${T1}</h1>` });
      return api.get$('/html', { params: { token: T1 } });
    },
    business: ({ api }) => {
      server.replies.set('/no', json({ code: 7, message: 'no', data: T1 }));
      return api.extend({ interceptors: [envelope()] }).get$('/no', { params: { token: T1 } });
    },
    request: ({ api }) => api.get$('/orders', { headers: { 'x-token': `${T1}\n` }, params: { token: T1 } }),
    refresh: ({ api }) => {
      server.live.clear();
      server.refreshReply = json({ refreshToken: 'a.refresh.2', accessToken: ['a.access.2'] });
      return api.get$('/orders', { params: { token: T1 } });
    },
    'session-expired': ({ api }) => {
      server.live.clear();
      server.refreshReply = json({ error: 'invalid_grant', refreshToken: 'a.refresh.1' }, 400);
      return api.get$('/orders', { params: { token: T1 } });
    },
    'token-rejected': ({ api }) => {
      server.closedTo.add('/closed');
      return api.get$('/closed', { params: { token: T1 } });
    },
  };

  it.each(Object.entries(ENDS))('from an error with the code %s', async (code, end) => {
    const error = await errorOf(end(createClient(server)));
    expect(error).toMatchObject({ code });
    expect(isApiError(error)).toBe(true);
    expect(tokensShownBy([error])).toEqual([]);
  });

  it('from a malformed url that holds one', async () => {
    const error = await errorOf(createClient(server).api.get$(`http://user:${T1}@[/orders?token=${T1}`));
    expect(error).toMatchObject({ code: 'request' });
    expect(tokensShownBy([error])).toEqual([]);
  });

  it('from the client, the session and its store, at any moment', async () => {
    const { api, http, session, store } = createExpiredClient(server);
    const things = [api, http, session, session.state$, api.events$, store];
    const refresh = server.hold(({ path }) => path === REFRESH);
    expect(tokensShownBy(things)).toEqual([]);
    const request = lastValueFrom(api.get$('/orders'));
    await refresh.arrived(1);
    expect(tokensShownBy(things)).toEqual([]);
    refresh.open();
    await request;
    expect(tokensShownBy(things)).toEqual([]);
  });
});

it('a token that could be read would be found', () => {
  const values = [
    new Error(T1),
    new Error('no', { cause: new Error(T1) }),
    Object.assign(new Error('no'), { request: { headers: { authorization: `Bearer ${T1}` } } }),
    { deep: { deeper: [{ tokens: { refreshToken: 'a.refresh.1' } }] } },
  ];
  for (const value of values) expect(tokensShownBy([value])).not.toEqual([]);
});
