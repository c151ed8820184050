import { memoryStore, type Tokens } from 'renewal';
import { lastValueFrom, type Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Echo, json, REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';
import { createClient, createExpiredClient, errorsOf, settleAll } from '../support/server-client';
import { tokensShownBy } from '../support/server-secrets';

const T1 = 'a.access.1';

describe.each(SIGNALS)('a request beside the session, by %s', (signal) => {
  let server: TestServer;
  let elsewhere: TestServer;

  beforeEach(async () => {
    [server, elsewhere] = await Promise.all([startServer(signal), startServer(signal)]);
  });
  afterEach(() => Promise.all([server.close(), elsewhere.close()]));

  /** The expired answer has come out as it is: an error for a status of 401, a body for a code of 1002. */
  const passesThrough = async (request: Observable<unknown>): Promise<void> => {
    const [fate] = await settleAll([request]);
    expect(fate).toMatchObject(
      signal === 'HTTP 401'
        ? { reason: { name: 'HttpStatusError', code: 'status', status: 401, response: { body: { error: 'expired' } } } }
        : { value: { code: 1002 } },
    );
    expect(tokensShownBy(errorsOf(fate ? [fate] : []))).toEqual([]);
  };

  it('with auth: false carries no token, and its expired answer touches nothing', async () => {
    const { api, session, store } = createClient(server);
    const { state } = session;
    const kept = await store.load();
    await passesThrough(api.post$('/login', { user: 'a', password: 'wrong' }, { auth: false }));
    expect(server.hits).toMatchObject([{ path: '/login', authorization: undefined }]);
    expect(server.refreshes).toBe(0);
    expect(session.state).toBe(state);
    expect(await store.load()).toBe(kept);
  });

  it('with auth: false waits for no refresh', async () => {
    const { api } = createExpiredClient(server);
    const refresh = server.hold(({ path }) => path === REFRESH);
    const waiting = lastValueFrom(api.get$<Echo>('/orders'));
    await refresh.arrived(1);
    await passesThrough(api.post$('/login', {}, { auth: false }));
    refresh.open();
    expect(await waiting).toMatchObject({ by: 'a.access.2' });
    expect(server.refreshes).toBe(1);
  });

  it.each(['authorization', 'Authorization', 'AUTHORIZATION'])('keeps an %s header of its own', async (name) => {
    const { api, session } = createClient(server);
    const { state } = session;
    await passesThrough(api.get$('/orders', { headers: { [name]: 'Basic b3du' } }));
    expect(server.hits.map(({ authorization }) => authorization)).toEqual(['Basic b3du']);
    expect(server.refreshes).toBe(0);
    expect(session.state).toBe(state);
  });

  it('keeps an authorization header of its client', async () => {
    const { api } = createClient(server);
    await passesThrough(api.extend({ headers: { Authorization: 'Basic b3du' } }).get$('/orders'));
    expect(server.hits.map(({ authorization }) => authorization)).toEqual(['Basic b3du']);
    expect(server.refreshes).toBe(0);
  });

  it('of a session that is signed out leaves without a token, and its expired answer refreshes nothing', async () => {
    const { api, session } = createClient(server, { store: memoryStore() });
    await passesThrough(api.get$('/orders'));
    expect(server.hits).toMatchObject([{ path: '/orders', authorization: undefined }]);
    expect(server.refreshes).toBe(0);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
  });

  it('after a sign-out leaves without a token, and its expired answer refreshes nothing', async () => {
    const { api, session } = createClient(server);
    await session.signOut();
    await passesThrough(api.get$('/orders'));
    expect(server.hits).toMatchObject([{ path: '/orders', authorization: undefined }]);
    expect(server.refreshes).toBe(0);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
  });

  it('to another origin carries no token, and its expired answer refreshes nothing', async () => {
    const { api, session } = createClient(server);
    const { state } = session;
    await passesThrough(api.get$(`${elsewhere.origin}/orders`));
    expect(elsewhere.hits).toMatchObject([{ path: '/orders', authorization: undefined }]);
    expect([server.refreshes, elsewhere.refreshes]).toEqual([0, 0]);
    expect(session.state).toBe(state);
  });

  it('to another origin waits for no refresh', async () => {
    const { api } = createExpiredClient(server);
    const refresh = server.hold(({ path }) => path === REFRESH);
    const waiting = lastValueFrom(api.get$<Echo>('/orders'));
    await refresh.arrived(1);
    await passesThrough(api.get$(`${elsewhere.origin}/orders`));
    refresh.open();
    expect(await waiting).toMatchObject({ by: 'a.access.2' });
    expect(elsewhere.hits).toMatchObject([{ authorization: undefined }]);
  });

  it('to an origin that looks alike carries no token', async () => {
    const { api } = createClient(server);
    const { port } = new URL(elsewhere.origin);
    await passesThrough(api.get$(`${server.origin.replace(/:\d+$/, '')}:${port}/orders`));
    await passesThrough(api.get$(`http://localhost:${port}/orders`)).catch(() => {});
    for (const { authorization } of elsewhere.hits) expect(authorization).toBeUndefined();
    expect(server.refreshes).toBe(0);
  });

  it('to another origin that is allowed is one of the session', async () => {
    const { api } = createExpiredClient(server);
    const wide = api.extend({ allowedOrigins: [server.origin, elsewhere.origin] });
    elsewhere.live.add('a.access.2');
    expect(await lastValueFrom(wide.get$<Echo>(`${elsewhere.origin}/orders`))).toMatchObject({ nth: 2 });
    expect(elsewhere.tokensOf('/orders')).toEqual([T1, 'a.access.2']);
    expect([server.refreshes, elsewhere.refreshes]).toEqual([1, 0]);
  });

  it('that is redirected to another origin takes no token there, and its expired answer refreshes nothing', async () => {
    const { api, session } = createClient(server);
    const { state } = session;
    server.replies.set('/moved', { status: 302, headers: { location: `${elsewhere.origin}/orders` } });
    await passesThrough(api.get$('/moved'));
    expect(server.tokensOf('/moved')).toEqual([T1]);
    expect(elsewhere.hits).toMatchObject([{ path: '/orders', authorization: undefined }]);
    expect([server.refreshes, elsewhere.refreshes]).toEqual([0, 0]);
    expect(session.state).toBe(state);
  });

  it('that is redirected within the origin is sent again where it began', async () => {
    const { api } = createExpiredClient(server);
    server.replies.set('/moved', { status: 302, headers: { location: '/orders' } });
    expect(await lastValueFrom(api.get$<Echo>('/moved'))).toMatchObject({ path: '/orders', nth: 2 });
    expect(server.tokensOf('/moved')).toEqual([T1, 'a.access.2']);
    expect(server.tokensOf('/orders')).toEqual([T1, 'a.access.2']);
    expect(server.refreshes).toBe(1);
  });

  it('that ends the session at the server still ends it here, whatever the answer', async () => {
    const { api, session, store } = createExpiredClient(server);
    await session.signOut();
    await passesThrough(api.post$('/logout'));
    const kept: Tokens | null = await store.load();
    expect(kept).toBeNull();
    expect(server.refreshes).toBe(0);
  });

  it('with another error status is that error', async () => {
    const { api } = createClient(server);
    server.replies.set('/broken', json({ message: 'no' }, 500));
    const errors = errorsOf(await settleAll([api.get$('/broken')]));
    expect(errors).toMatchObject([{ code: 'status', status: 500, response: { body: { message: 'no' } } }]);
    expect(tokensShownBy(errors)).toEqual([]);
    expect(server.refreshes).toBe(0);
  });
});
