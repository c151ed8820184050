import { createApi, createSession, memoryStore, type SessionOptions, type TokenGrant } from 'renewal';
import { defer, firstValueFrom, from, lastValueFrom, type Observable, switchMap } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Echo, json, REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';
import { errorsOf, paths, settleAll } from '../support/server-client';
import { tokensShownBy } from '../support/server-secrets';

describe.each(SIGNALS)('a refresh that goes through the client of its own session, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  /** A client whose `refresh` is made of the request that goes through that same client. */
  const createOwn = (
    refresh: (renewal$: Observable<TokenGrant>) => ReturnType<SessionOptions['refresh']>,
    options: Partial<SessionOptions> = {},
  ) => {
    const store = memoryStore(server.issue());
    server.live.clear();
    const session = createSession({ store, refresh: ({ refreshToken }) => refresh(post$(refreshToken)), ...options });
    const api = createApi({ baseUrl: server.origin, session });
    const post$ = (refreshToken: string | undefined) => api.post$<TokenGrant>(REFRESH, { refreshToken });
    return { api, session, store };
  };

  const WAYS: readonly (readonly [string, Parameters<typeof createOwn>[0]])[] = [
    ['returned as it is', (renewal$) => renewal$],
    ['returned as a promise', (renewal$) => firstValueFrom(renewal$)],
    ['deferred', (renewal$) => defer(() => renewal$)],
  ];

  it.each(WAYS)('leaves without a token and waits for nothing when it is %s', async (_, refresh) => {
    const { api, session, store } = createOwn(refresh);
    const fates = await settleAll(paths(10).map((path) => api.get$<Echo>(path)));
    expect(errorsOf(fates)).toEqual(Array(10).fill(undefined));
    expect(server.refreshHits).toMatchObject([{ authorization: undefined }]);
    for (const path of paths(10)) expect(server.tokensOf(path)).toEqual(['a.access.1', 'a.access.2']);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'a.access.2' } });
    expect(await store.load()).toMatchObject({ accessToken: 'a.access.2', refreshToken: 'a.refresh.2' });
  });

  it.each(WAYS)('is refused once and asks no second time when it is %s', async (_, refresh) => {
    const { api, session } = createOwn(refresh);
    server.refreshReply = json({ error: 'expired' }, 401);
    const errors = errorsOf(await settleAll(paths(10).map((path) => api.get$(path))));
    expect(errors).toMatchObject(Array(10).fill({ code: 'session-expired' }));
    expect(server.refreshes).toBe(1);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'expired' });
    expect(tokensShownBy(errors)).toEqual([]);
  });

  it.each(WAYS)('is answered 1002 once and asks no second time when it is %s', async (_, refresh) => {
    const { api, session } = createOwn(refresh);
    server.refreshReply = json({ code: 1002 });
    const errors = errorsOf(await settleAll(paths(10).map((path) => api.get$(path))));
    expect(errors).toMatchObject(Array(10).fill({ code: 'refresh' }));
    expect(server.refreshes).toBe(1);
    expect(session.state.status).toBe('expired');
    expect(tokensShownBy(errors)).toEqual([]);
  });

  it('leaves the other requests of that moment to the session', async () => {
    const { api } = createOwn((renewal$) => renewal$);
    const hold = server.hold(({ path }) => path === REFRESH);
    const first = lastValueFrom(api.get$<Echo>('/first'));
    await hold.arrived(1);
    const waiting = lastValueFrom(api.get$<Echo>('/waiting'));
    hold.open();
    expect(await first).toMatchObject({ by: 'a.access.2' });
    expect(await waiting).toMatchObject({ by: 'a.access.2', nth: 1 });
    expect(server.refreshes).toBe(1);
  });

  it('is ended by refreshTimeoutMs when it is sent too late to be told apart', async () => {
    const { api, session } = createOwn((renewal$) => from(Promise.resolve()).pipe(switchMap(() => renewal$)), {
      refreshTimeoutMs: 50,
    });
    const errors = errorsOf(await settleAll(paths(10).map((path) => api.get$(path))));
    expect(errors).toMatchObject(Array(10).fill({ code: 'refresh' }));
    expect(session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'a.access.1' } });
    expect(server.refreshes).toBe(0);
    expect(server.hits).toHaveLength(10);
    expect(tokensShownBy(errors)).toEqual([]);
  });
});
