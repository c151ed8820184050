import {
  createApi,
  createSession,
  envelope,
  isApiError,
  memoryStore,
  type SessionExpiredError,
  type SessionOptions,
  type TokenGrant,
} from 'renewal';
import { EMPTY, lastValueFrom, NEVER, of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Echo, json, REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';
import { createExpiredClient, errorOf, errorsOf, paths, settleAll, type TestClient } from '../support/server-client';
import { FAILURES, REFUSALS } from '../support/server-replies';
import { tokensShownBy } from '../support/server-secrets';

/** Those whose expired answer waits for the refresh, and those who come while it runs. */
const SENT = 10;
const HELD = 5;

const T1 = 'a.access.1';
const SIGNED_IN = { accessToken: T1, refreshToken: 'a.refresh.1' };

/** A `refresh` that asks no server. */
const BROKEN: Readonly<Record<string, SessionOptions['refresh']>> = {
  throws: () => {
    throw new Error('thrown');
  },
  'rejects a promise': () => Promise.reject(new Error('rejected')),
  'completes without a grant': () => EMPTY,
  // The rest is what plain JavaScript may return.
  'emits undefined': () => of(undefined as unknown as TokenGrant),
  'returns no observable': () => 42 as unknown as Promise<TokenGrant>,
  'returns undefined': () => undefined as unknown as Promise<TokenGrant>,
};

describe.each(SIGNALS)('a refresh that fails, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  /** The errors of requests that were refused together, and of requests that came while their refresh was held. */
  const storm = async ({ api }: Pick<TestClient, 'api'>): Promise<unknown[]> => {
    const dead = server.hold(({ token }) => token === T1);
    const refresh = server.hold(({ path }) => path === REFRESH);
    const sent = settleAll(paths(SENT).map((path) => api.get$(path)));
    await dead.arrived(SENT);
    dead.open();
    await refresh.arrived(1);
    const held = settleAll(paths(HELD, 'held').map((path) => api.get$(path)));
    refresh.open();
    return errorsOf([...(await sent), ...(await held)]);
  };

  const sentOnceOrNever = (): void => {
    for (const path of paths(SENT)) expect(server.tokensOf(path)).toEqual([T1]);
    for (const path of paths(HELD, 'held')) expect(server.tokensOf(path)).toEqual([]);
    expect(server.hits).toHaveLength(SENT);
  };

  /** The next sign-in works, and so does the refresh when its token expires in turn. */
  const worksAgain = async ({ api, session, store }: TestClient): Promise<void> => {
    server.refreshReply = undefined;
    const before = server.refreshes;
    const next = server.issue('next');
    await session.signIn(next);
    expect(await lastValueFrom(api.get$<Echo>('/signed-in'))).toMatchObject({ by: next.accessToken, nth: 1 });
    expect(server.refreshes).toBe(before);

    server.live.clear();
    expect(await lastValueFrom(api.get$<Echo>('/renewed'))).toMatchObject({ by: 'next.access.2', nth: 2 });
    expect(server.refreshes).toBe(before + 1);
    expect(server.presented.at(-1)).toBe(next.refreshToken);
    expect(await store.load()).toMatchObject({ accessToken: 'next.access.2', refreshToken: 'next.refresh.2' });
  };

  it.each(Object.entries(REFUSALS))('ends the session for all who wait when it is refused: %s', async (_, reply) => {
    const expired: SessionExpiredError[] = [];
    const client = createExpiredClient(server, { onExpired: (error) => expired.push(error) });
    server.refreshReply = reply;
    const errors = await storm(client);

    expect(errors.filter((error) => isApiError(error, 'session-expired'))).toHaveLength(SENT + HELD);
    expect(new Set(errors)).toEqual(new Set(expired));
    expect(expired).toHaveLength(1);
    expect(expired[0]?.cause).toMatchObject({ code: 'status' });
    expect(server.refreshes).toBe(1);
    sentOnceOrNever();
    expect(client.session.state).toMatchObject({ status: 'signed-out', reason: 'expired' });
    expect(await client.store.load()).toBeNull();
    expect(tokensShownBy(errors)).toEqual([]);
    await worksAgain(client);
    expect(expired).toHaveLength(1);
  });

  it('ends the session when an envelope shows that the refresh was answered 1002', async () => {
    const store = memoryStore(server.issue());
    server.live.clear();
    const http = createApi({ baseUrl: server.origin, interceptors: [envelope()] });
    const session = createSession({
      store,
      refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
    });
    server.refreshReply = json({ code: 1002, message: 'expired' });
    const errors = await storm({ api: createApi({ baseUrl: server.origin, session }) });

    expect(errors.filter((error) => isApiError(error, 'session-expired'))).toHaveLength(SENT + HELD);
    expect(errors[0]).toMatchObject({ cause: { code: 'business', businessCode: 1002 } });
    expect(server.refreshes).toBe(1);
    sentOnceOrNever();
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'expired' });
    expect(await store.load()).toBeNull();
    expect(tokensShownBy(errors)).toEqual([]);
  });

  it('costs a session that has ended nothing more', async () => {
    const client = createExpiredClient(server);
    server.refreshReply = json({ error: 'invalid_grant' }, 400);
    await storm(client);
    for (const path of paths(20, 'later')) await lastValueFrom(client.api.get$(path)).catch(() => {});
    for (const path of paths(20, 'later')) expect(server.tokensOf(path)).toEqual(['']);
    expect(server.refreshes).toBe(1);
  });

  it.each(Object.entries(FAILURES))('keeps the session when it may pass: %s', async (_, reply) => {
    const expired: SessionExpiredError[] = [];
    const client = createExpiredClient(server, { onExpired: (error) => expired.push(error) });
    server.refreshReply = reply;
    const errors = await storm(client);

    expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(SENT + HELD);
    expect(new Set(errors).size).toBe(1);
    expect(errors[0]).toMatchObject({ cause: expect.any(Error) });
    expect(server.refreshes).toBe(1);
    sentOnceOrNever();
    expect(client.session.state).toMatchObject({ status: 'expired', tokens: SIGNED_IN, error: errors[0] });
    expect(await client.store.load()).toMatchObject(SIGNED_IN);
    expect(expired).toEqual([]);
    expect(tokensShownBy(errors)).toEqual([]);

    // While it cools down, nothing is sent at all.
    expect(await errorOf(client.api.get$('/soon'))).toBe(errors[0]);
    sentOnceOrNever();
    expect(server.refreshes).toBe(1);
    await worksAgain(client);
    expect(expired).toEqual([]);
  });

  it('keeps the session when no one listens at the refresh endpoint', async () => {
    const gone = await startServer();
    await gone.close();
    const http = createApi({ baseUrl: gone.origin });
    const client = createExpiredClient(server, {
      refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
    });
    const errors = errorsOf(await settleAll(paths(SENT).map((path) => client.api.get$(path))));
    expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(SENT);
    expect(errors[0]).toMatchObject({ cause: { code: 'network' } });
    expect(client.session.state).toMatchObject({ status: 'expired', tokens: SIGNED_IN });
    expect(tokensShownBy(errors)).toEqual([]);
  });

  it('is tried again at once, with the same refresh token, after a Retry-After of 0', async () => {
    const { api, store } = createExpiredClient(server);
    server.refreshReply = { status: 503, headers: { 'retry-after': '0' } };
    expect(await errorOf(api.get$('/orders'))).toMatchObject({ code: 'refresh', retryAfterMs: 0 });
    server.refreshReply = undefined;

    expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: 'a.access.2' });
    expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1']);
    expect(server.tokensOf('/orders')).toEqual([T1, 'a.access.2']);
    expect(await store.load()).toMatchObject({ accessToken: 'a.access.2', refreshToken: 'a.refresh.2' });
  });

  it.each(Object.entries(BROKEN))('keeps the session when `refresh` %s', async (_, refresh) => {
    const client = createExpiredClient(server, { refresh });
    const dead = server.hold(({ token }) => token === T1);
    const fates = settleAll(paths(SENT).map((path) => client.api.get$(path)));
    await dead.arrived(SENT);
    dead.open();
    const errors = errorsOf(await fates);

    expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(SENT);
    sentOnceOrNever();
    expect(client.session.state).toMatchObject({ status: 'expired', tokens: SIGNED_IN });
    expect(await client.store.load()).toMatchObject(SIGNED_IN);
    expect(tokensShownBy(errors)).toEqual([]);
  });

  it('is given up when it never answers: its connection is closed, and the session kept', async () => {
    const client = createExpiredClient(server, { refreshTimeoutMs: 50 });
    server.refreshReply = 'never';
    const errors = await storm(client);

    expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(SENT + HELD);
    expect(server.refreshes).toBe(1);
    sentOnceOrNever();
    expect(client.session.state).toMatchObject({ status: 'expired', tokens: SIGNED_IN });
    expect(await client.store.load()).toMatchObject(SIGNED_IN);
    expect(tokensShownBy(errors)).toEqual([]);
    await server.aborted(REFRESH);
  });

  it('is given up when `refresh` never emits', async () => {
    const client = createExpiredClient(server, { refresh: () => NEVER, refreshTimeoutMs: 20 });
    const errors = errorsOf(await settleAll(paths(SENT).map((path) => client.api.get$(path))));
    expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(SENT);
    expect(client.session.state).toMatchObject({ status: 'expired', tokens: SIGNED_IN });
  });

  it('leaves a session behind that works again after the next sign-in when it never answered', async () => {
    const never = server.hold(({ path, body }) => path === REFRESH && `${body}`.includes('a.refresh'));
    const http = createApi({ baseUrl: server.origin });
    // Only the refresh that is held may end by time: the next one has as long as it needs.
    const client = createExpiredClient(server, {
      refreshTimeoutMs: Infinity,
      refresh: ({ refreshToken = '' }) =>
        http.post$<TokenGrant>(REFRESH, { refreshToken }, { timeoutMs: refreshToken.startsWith('a') ? 50 : 0 }),
    });
    const fates = settleAll(paths(SENT).map((path) => client.api.get$(path)));
    await never.arrived(1);
    const errors = errorsOf(await fates);
    expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(SENT);
    expect(errors[0]).toMatchObject({ cause: { code: 'timeout' } });
    await server.aborted(REFRESH);
    await worksAgain(client);
  });
});
