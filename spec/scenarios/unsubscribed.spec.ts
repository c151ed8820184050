import type { Session, SessionExpiredError, SessionState } from 'renewal';
import { config, lastValueFrom, Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createTally, type Gate } from '../support/barrier';
import { type Echo, type Hit, json, REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';
import { createExpiredClient, errorOf, errorsOf, paths, settleAll, stateOf } from '../support/server-client';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

const renewed = (session: Session): Promise<SessionState> =>
  stateOf(session, (state) => state.status === 'active' && state.tokens.accessToken === T2);

describe.each(SIGNALS)('while the refresh is out, by %s', (signal) => {
  let server: TestServer;
  let refresh: Gate<Hit>;

  beforeEach(async () => {
    server = await startServer(signal);
    refresh = server.hold(({ path }) => path === REFRESH);
  });
  afterEach(() => server.close());

  it('the caller who started it may leave: the others get their answers', async () => {
    const { api } = createExpiredClient(server);
    const first = api.get$('/first').subscribe();
    await refresh.arrived(1);
    const others = settleAll(paths(4).map((path) => api.get$<Echo>(path)));
    first.unsubscribe();
    refresh.open();

    expect(errorsOf(await others)).toEqual(Array(4).fill(undefined));
    for (const path of paths(4)) expect(server.tokensOf(path)).toEqual([T2]);
    expect(server.tokensOf('/first')).toEqual([T1]);
    expect(server.refreshes).toBe(1);
  });

  it('one who waits with an expired answer may leave: it is not sent again', async () => {
    const { api, answered } = createExpiredClient(server);
    const leaving = api.get$('/leaving').subscribe();
    const staying = lastValueFrom(api.get$<Echo>('/staying'));
    await Promise.all([answered('/leaving'), answered('/staying'), refresh.arrived(1)]);
    leaving.unsubscribe();
    refresh.open();

    expect(await staying).toMatchObject({ by: T2 });
    expect(server.tokensOf('/leaving')).toEqual([T1]);
    expect(server.refreshes).toBe(1);
  });

  it('all may leave: it goes on, the rotated tokens are stored, and the next request leaves with them', async () => {
    const { api, session, store, answered } = createExpiredClient(server);
    const all = new Subscription();
    for (const path of paths(5)) all.add(api.get$(path).subscribe());
    await Promise.all([refresh.arrived(1), ...paths(5).map((path) => answered(path))]);
    for (const path of paths(5, 'held')) all.add(api.get$(path).subscribe());
    all.unsubscribe();
    refresh.open();
    await renewed(session);

    expect(await store.load()).toMatchObject({ accessToken: T2, refreshToken: 'a.refresh.2' });
    expect(await lastValueFrom(api.get$<Echo>('/next'))).toMatchObject({ by: T2, nth: 1 });
    expect(server.refreshes).toBe(1);
    expect(server.hits.map(({ path }) => path).sort()).toEqual(['/next', ...paths(5)]);
  });

  it('all may leave one that fails: the session is kept, and who comes next is told at once', async () => {
    const { api, session, store } = createExpiredClient(server);
    server.refreshReply = { status: 503 };
    const first = api.get$('/first').subscribe();
    await refresh.arrived(1);
    first.unsubscribe();
    refresh.open();
    const failed = await stateOf(session, (state) => state.status === 'expired' && state.error !== undefined);

    expect(failed).toMatchObject({ tokens: { accessToken: T1 }, error: { code: 'refresh' } });
    expect(await store.load()).toMatchObject({ accessToken: T1, refreshToken: 'a.refresh.1' });
    expect(await errorOf(api.get$('/next'))).toMatchObject({ code: 'refresh' });
    expect(server.hitsOf('/next')).toEqual([]);
    expect(server.refreshes).toBe(1);
  });

  it('all may leave one that is refused: the session has ended, once', async () => {
    const expired: SessionExpiredError[] = [];
    const { api, session, store } = createExpiredClient(server, { onExpired: (error) => expired.push(error) });
    server.refreshReply = json({ error: 'invalid_grant' }, 400);
    const first = api.get$('/first').subscribe();
    await refresh.arrived(1);
    first.unsubscribe();
    refresh.open();

    expect(await stateOf(session, ({ status }) => status === 'signed-out')).toMatchObject({ reason: 'expired' });
    expect(await store.load()).toBeNull();
    expect(expired).toHaveLength(1);
  });

  it('a POST that waits and is unsubscribed never reaches the server', async () => {
    const { api, left } = createExpiredClient(server);
    const first = lastValueFrom(api.get$('/first'));
    await refresh.arrived(1);
    api.post$('/pay', { amount: 1 }).subscribe().unsubscribe();
    const waiting = api.post$('/pay', { amount: 2 }).subscribe();
    const staying = lastValueFrom(api.post$<Echo>('/pay', { amount: 3 }));
    waiting.unsubscribe();
    refresh.open();

    await first;
    expect(await staying).toMatchObject({ nth: 1 });
    expect(server.hitsOf('/pay').map(({ body }) => `${body}`)).toEqual(['{"amount":3}']);
    expect(left).toEqual(['/first', REFRESH, '/first', '/pay']);
  });

  it('a caller whose handler throws hurts no one else', async () => {
    const { api, session } = createExpiredClient(server);
    const thrown: unknown[] = [];
    const reports = createTally();
    onTestFinished(() => {
      config.onUnhandledError = null;
    });
    config.onUnhandledError = (error) => {
      thrown.push(error);
      reports.add();
    };
    const before = settleAll(paths(3, 'before').map((path) => api.get$(path)));
    await refresh.arrived(1);
    api.get$('/throws').subscribe(() => {
      throw new Error('from the handler');
    });
    const after = settleAll(paths(3, 'after').map((path) => api.get$(path)));
    refresh.open();

    expect(errorsOf([...(await before), ...(await after)])).toEqual(Array(6).fill(undefined));
    await reports.reached(1);
    expect(thrown).toMatchObject([{ message: 'from the handler' }]);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: T2 } });
    expect(server.refreshes).toBe(1);
  });

  it('a request on the wire that is unsubscribed is aborted there', async () => {
    const { api } = createExpiredClient(server);
    const slow = server.hold(({ path }) => path === '/slow');
    const request = api.get$('/slow').subscribe();
    await slow.arrived(1);
    request.unsubscribe();
    await server.aborted('/slow');
    slow.open();
    expect(server.refreshes).toBe(0);
  });
});
