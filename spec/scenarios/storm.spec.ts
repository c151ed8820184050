import { createApi, type TokenGrant } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Echo, json, REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';
import { createClient, createExpiredClient, errorOf, errorsOf, paths, settleAll } from '../support/server-client';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

describe.each(SIGNALS)('requests with a dead token, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  const holdDead = () => server.hold(({ token }) => token === T1);
  const holdRefresh = () => server.hold(({ path }) => path === REFRESH);

  it.each([1, 2, 50, 500])('become one refresh when %i are out, and each is sent exactly twice', async (count) => {
    const { api, session, store } = createExpiredClient(server);
    const dead = holdDead();
    const fates = settleAll(paths(count).map((path) => api.get$<Echo>(path)));
    await dead.arrived(count);
    dead.open();

    expect(errorsOf(await fates)).toEqual(Array(count).fill(undefined));
    expect(server.refreshes).toBe(1);
    expect(server.presented).toEqual(['a.refresh.1']);
    for (const path of paths(count)) expect(server.tokensOf(path)).toEqual([T1, T2]);
    expect(server.hits).toHaveLength(2 * count);
    expect(session.state).toMatchObject({
      status: 'active',
      tokens: { accessToken: T2, refreshToken: 'a.refresh.2' },
    });
    expect(await store.load()).toMatchObject({ accessToken: T2, refreshToken: 'a.refresh.2' });
  });

  it.each([1, 50])('send nothing more with it once the first of %i answers has been seen', async (count) => {
    const { api } = createExpiredClient(server);
    const dead = holdDead();
    const refresh = holdRefresh();
    const sent = settleAll(paths(count).map((path) => api.get$<Echo>(path)));
    await dead.arrived(count);
    dead.open(({ path }) => path === '/orders/0');
    await refresh.arrived(1);
    const later = settleAll(paths(10, 'later').map((path) => api.get$<Echo>(path)));
    // Sent after those, and answered: they have not left.
    await lastValueFrom(api.get$('/public', { auth: false })).catch(() => {});
    expect(server.hits.filter(({ path }) => path.startsWith('/later'))).toEqual([]);
    dead.open();
    refresh.open();

    expect(errorsOf(await sent)).toEqual(Array(count).fill(undefined));
    expect(errorsOf(await later)).toEqual(Array(10).fill(undefined));
    for (const path of paths(10, 'later')) expect(server.tokensOf(path)).toEqual([T2]);
    const order = server.hits.map(({ token }) => token).filter(Boolean);
    expect(order).toEqual([...Array(count).fill(T1), ...Array(count + 10).fill(T2)]);
    expect(server.refreshes).toBe(1);
  });

  it('leave in the order they came', async () => {
    const { api, left } = createExpiredClient(server);
    const refresh = holdRefresh();
    const first = lastValueFrom(api.get$('/first'));
    await refresh.arrived(1);
    const waiting = settleAll(paths(20).map((path) => api.get$<Echo>(path)));
    expect(left).toEqual(['/first', REFRESH]);
    refresh.open();

    await first;
    expect(errorsOf(await waiting)).toEqual(Array(20).fill(undefined));
    expect(left).toEqual(['/first', REFRESH, '/first', ...paths(20)]);
  });

  it('are sent again when their answer comes before, during or after the refresh, which runs once', async () => {
    const { api, answered } = createExpiredClient(server);
    const dead = holdDead();
    const refresh = holdRefresh();
    const request = (path: string) => lastValueFrom(api.get$<Echo>(path));
    const [before, during, after] = [request('/before'), request('/during'), request('/after')];
    await dead.arrived(3);

    dead.open(({ path }) => path === '/before');
    await refresh.arrived(1);
    dead.open(({ path }) => path === '/during');
    await answered('/during');
    expect(server.hits).toHaveLength(3);
    refresh.open();
    expect(await Promise.all([before, during])).toMatchObject([
      { path: '/before', by: T2 },
      { path: '/during', by: T2 },
    ]);
    expect(server.tokensOf('/after')).toEqual([T1]);
    dead.open();

    expect(await after).toMatchObject({ path: '/after', by: T2, nth: 2 });
    expect(server.refreshes).toBe(1);
    expect(server.hits).toHaveLength(6);
  });

  it('answered after two refreshes leave with the newest token, and start no third', async () => {
    const { api } = createExpiredClient(server);
    const late = server.hold(({ path, token }) => path === '/late' && token === T1);
    const slow = lastValueFrom(api.get$<Echo>('/late'));
    await late.arrived(1);
    await lastValueFrom(api.get$('/one'));
    server.live.clear();
    await lastValueFrom(api.get$('/two'));
    late.open();

    expect(await slow).toMatchObject({ by: 'a.access.3' });
    expect(server.tokensOf('/late')).toEqual([T1, 'a.access.3']);
    expect(server.refreshes).toBe(2);
  });

  it('renew with the newest refresh token at each expiry', async () => {
    const { api, store } = createExpiredClient(server);
    for (const path of paths(3)) {
      server.live.clear();
      await lastValueFrom(api.get$(path));
    }
    expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.2', 'a.refresh.3']);
    expect(await store.load()).toMatchObject({ accessToken: 'a.access.4', refreshToken: 'a.refresh.4' });
  });

  it('renew with the same refresh token again where the server does not rotate it', async () => {
    const { api, store } = createExpiredClient(server);
    for (const accessToken of ['a.access.8', 'a.access.9']) {
      server.live.clear();
      server.live.add(accessToken);
      server.refreshReply = json({ accessToken });
      await lastValueFrom(api.get$('/orders'));
    }
    expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1']);
    expect(await store.load()).toMatchObject({ accessToken: 'a.access.9', refreshToken: 'a.refresh.1' });
  });

  it('are sent again when the refresh brings the same token, which the server takes again', async () => {
    const { api, session } = createExpiredClient(server);
    const dead = holdDead();
    const fates = settleAll(paths(10).map((path) => api.get$(path)));
    await dead.arrived(10);
    server.refreshReply = json({ accessToken: T1 });
    server.live.add(T1);
    dead.open();

    expect(errorsOf(await fates)).toEqual(Array(10).fill(undefined));
    for (const path of paths(10)) expect(server.tokensOf(path)).toEqual([T1, T1]);
    expect(server.refreshes).toBe(1);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: T1, refreshToken: 'a.refresh.1' } });
  });

  it.each(['text', 'arraybuffer'] as const)('are sent again when asked for as %s', async (responseType) => {
    const { api } = createExpiredClient(server);
    const body = await lastValueFrom(api.get$<string | ArrayBuffer>('/download', { responseType }));
    const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
    expect(JSON.parse(text)).toMatchObject({ path: '/download', by: T2, nth: 2 });
    expect(server.refreshes).toBe(1);
  });

  it('are requests of their own for each subscription', async () => {
    const { api } = createExpiredClient(server);
    const request = api.get$<Echo>('/orders');
    expect(server.hits).toEqual([]);
    expect(await lastValueFrom(request)).toMatchObject({ nth: 2 });
    server.live.clear();
    expect(await lastValueFrom(request)).toMatchObject({ nth: 4 });
    expect(server.tokensOf('/orders')).toEqual([T1, T2, T2, 'a.access.3']);
    expect(server.refreshes).toBe(2);
  });

  it('are renewed once for all clients of one session', async () => {
    const { api, session } = createExpiredClient(server);
    const apis = [api, api.extend({ headers: { 'x-app': '2' } }), createApi({ baseUrl: server.origin, session })];
    const dead = holdDead();
    const fates = settleAll(apis.map((each, index) => each.get$(`/orders/${index}`)));
    await dead.arrived(3);
    dead.open();
    expect(errorsOf(await fates)).toEqual([undefined, undefined, undefined]);
    expect(server.refreshes).toBe(1);
  });

  it('can be made from inside a subscriber of the state', async () => {
    const { api, session } = createExpiredClient(server);
    const inside: Promise<Echo>[] = [];
    const states = session.state$.subscribe((state) => {
      if (state.status === 'active' && state.tokens.accessToken === T2) {
        inside.push(lastValueFrom(api.get$<Echo>('/inside')));
      }
    });
    await lastValueFrom(api.get$('/orders'));
    states.unsubscribe();

    expect(await Promise.all(inside)).toMatchObject([{ by: T2, nth: 1 }]);
    expect(server.refreshes).toBe(1);
  });
});

describe.each(SIGNALS)('a session with a live token, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  it('sends each request once and renews nothing', async () => {
    const { api } = createClient(server);
    const fates = await settleAll(paths(50).map((path) => api.get$(path)));
    expect(errorsOf(fates)).toEqual(Array(50).fill(undefined));
    expect(server.hits.map(({ authorization }) => authorization)).toEqual(Array(50).fill(`Bearer ${T1}`));
    expect(server.refreshes).toBe(0);
  });

  it('takes a status of 403 for no expiry', async () => {
    const { api } = createClient(server);
    server.replies.set('/admin', json({ error: 'insufficient_scope' }, 403));
    expect(await errorOf(api.get$('/admin'))).toMatchObject({ code: 'status', status: 403 });
    expect(server.refreshes).toBe(0);
  });

  it('takes a code of 1002 deeper in the answer for no expiry', async () => {
    const { api } = createClient(server);
    server.replies.set('/nested', json({ data: { code: 1002 } }));
    expect(await lastValueFrom(api.get$<TokenGrant>('/nested'))).toEqual({ data: { code: 1002 } });
    expect(server.refreshes).toBe(0);
  });
});
