import { lastValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Echo, json, REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';
import {
  createClient,
  createExpiredClient,
  errorsOf,
  passedThrough,
  resultOf,
  settleAll,
} from '../support/server-client';
import { tokensShownBy } from '../support/server-secrets';

const T1 = 'a.access.1';

describe.each(SIGNALS)('a request outside the session, by %s', (signal) => {
  let server: TestServer;
  let elsewhere: TestServer;

  beforeEach(async () => {
    [server, elsewhere] = await Promise.all([startServer(signal), startServer(signal)]);
  });
  afterEach(() => Promise.all([server.close(), elsewhere.close()]));

  it('to another origin carries no token, and its expired response starts no refresh', async () => {
    const { api, session } = createClient(server);
    const { state } = session;
    expect(await resultOf(api.get$(`${elsewhere.origin}/orders`))).toMatchObject(passedThrough(signal));
    expect(elsewhere.hits).toMatchObject([{ path: '/orders', authorization: undefined }]);
    expect([server.refreshes, elsewhere.refreshes]).toEqual([0, 0]);
    expect(session.state).toBe(state);
  });

  it('to another origin waits for no refresh', async () => {
    const { api } = createExpiredClient(server);
    const refresh = server.hold(({ path }) => path === REFRESH);
    const waiting = lastValueFrom(api.get$<Echo>('/orders'));
    await refresh.arrived(1);
    expect(await resultOf(api.get$(`${elsewhere.origin}/orders`))).toMatchObject(passedThrough(signal));
    refresh.open();
    expect(await waiting).toMatchObject({ by: 'a.access.2' });
    expect(elsewhere.hits).toMatchObject([{ authorization: undefined }]);
  });

  it('to a similar origin carries no token', async () => {
    const { api } = createClient(server);
    const { port } = new URL(elsewhere.origin);
    expect(await resultOf(api.get$(`${server.origin.replace(/:\d+$/, '')}:${port}/orders`))).toMatchObject(
      passedThrough(signal),
    );
    // The request may fail: that depends on how the name resolves.
    await resultOf(api.get$(`http://localhost:${port}/orders`));
    for (const { authorization } of elsewhere.hits) expect(authorization).toBeUndefined();
    expect(server.refreshes).toBe(0);
  });

  it('to an allowed other origin belongs to the session', async () => {
    const { api } = createExpiredClient(server);
    const wide = api.extend({ allowedOrigins: [server.origin, elsewhere.origin] });
    elsewhere.live.add('a.access.2');
    expect(await lastValueFrom(wide.get$<Echo>(`${elsewhere.origin}/orders`))).toMatchObject({ nth: 2 });
    expect(elsewhere.tokensOf('/orders')).toEqual([T1, 'a.access.2']);
    expect([server.refreshes, elsewhere.refreshes]).toEqual([1, 0]);
  });

  it('that is redirected to another origin carries no token and starts no refresh', async () => {
    const { api, session } = createClient(server);
    const { state } = session;
    server.replies.set('/moved', { status: 302, headers: { location: `${elsewhere.origin}/orders` } });
    expect(await resultOf(api.get$('/moved'))).toMatchObject(passedThrough(signal));
    expect(server.tokensOf('/moved')).toEqual([T1]);
    expect(elsewhere.hits).toMatchObject([{ path: '/orders', authorization: undefined }]);
    expect([server.refreshes, elsewhere.refreshes]).toEqual([0, 0]);
    expect(session.state).toBe(state);
  });

  it('that is redirected within the origin is replayed from the start', async () => {
    const { api } = createExpiredClient(server);
    server.replies.set('/moved', { status: 302, headers: { location: '/orders' } });
    expect(await lastValueFrom(api.get$<Echo>('/moved'))).toMatchObject({ path: '/orders', nth: 2 });
    expect(server.tokensOf('/moved')).toEqual([T1, 'a.access.2']);
    expect(server.tokensOf('/orders')).toEqual([T1, 'a.access.2']);
    expect(server.refreshes).toBe(1);
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
