import { createApi, createSession, isApiError, memoryStore, type TokenGrant } from 'renewal';
import { firstValueFrom, lastValueFrom, Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Barrier, createBarrier } from '../support/barrier';
import { createClient } from '../support/client';
import { REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';

const paths = (count: number): string[] => Array.from({ length: count }, (_, index) => `/orders/${index}`);

describe.each(SIGNALS)('while a refresh is out, by %s', (signal) => {
  let server: TestServer;
  let isOut: Barrier;
  let answer: Barrier;

  beforeEach(async () => {
    server = await startServer(signal);
    isOut = createBarrier();
    answer = createBarrier();
    server.beforeRefresh = () => {
      isOut.open();
      return answer.passed;
    };
  });
  afterEach(() => server.close());

  it('the first caller may leave: the others get their answers', async () => {
    const { api } = createClient(server);
    const first = api.get$('/first').subscribe();
    await isOut.passed;
    const others = paths(4).map((path) => lastValueFrom(api.get$(path)));
    first.unsubscribe();
    answer.open();

    expect(await Promise.all(others)).toHaveLength(4);
    expect(server.refreshes).toBe(1);
    expect(server.hitsOf('/first')).toHaveLength(1);
  });

  it('all callers may leave: the new tokens are stored, and the next request leaves with them', async () => {
    const { api, session, store } = createClient(server);
    const all = new Subscription();
    for (const path of paths(5)) all.add(api.get$(path).subscribe());
    await isOut.passed;
    all.unsubscribe();
    const renewed = firstValueFrom(session.refresh$());
    answer.open();
    await renewed;

    expect(await store.load()).toMatchObject({ accessToken: 'T2', refreshToken: 'R2' });
    expect(await firstValueFrom(api.get$('/next'))).toMatchObject({ by: 'T2' });
    expect(server.refreshes).toBe(1);
    expect(server.hits.filter(({ token }) => token === 'T2').map(({ path }) => path)).toEqual(['/next']);
  });

  it('a waiting POST that is unsubscribed never reaches the server', async () => {
    const { api, session } = createClient(server);
    const first = lastValueFrom(api.get$('/first'));
    await isOut.passed;
    api.post$('/pay', { amount: 1 }).subscribe().unsubscribe();
    const waiting = api.post$('/pay', { amount: 2 }).subscribe();
    const renewed = firstValueFrom(session.refresh$());
    waiting.unsubscribe();
    answer.open();
    await Promise.all([first, renewed]);

    expect(server.hitsOf('/pay')).toEqual([]);
  });

  it('a sign-out ends all waits at once, aborts the refresh, and stays a sign-out', async () => {
    const { api, session, store } = createClient(server);
    const waiting = Promise.allSettled(paths(5).map((path) => lastValueFrom(api.get$(path))));
    await isOut.passed;
    const aborted = createBarrier();
    server.onAbort = aborted.open;
    await session.signOut();
    const errors = (await waiting).map((fate) => (fate.status === 'rejected' ? fate.reason : undefined));
    expect(errors.filter((error) => isApiError(error, 'signed-out'))).toHaveLength(5);

    await aborted.passed;
    answer.open();
    // The answer to this comes after whatever a late one could have done.
    await lastValueFrom(api.get$('/public')).catch(() => {});
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    expect(await store.load()).toBeNull();
    expect(server.hitsOf('/public')).toMatchObject([{ authorization: undefined }]);
  });

  it('another user signs in: nothing of the first is sent for the second', async () => {
    const { api, session, store } = createClient(server);
    server.live.add('B1');
    const waiting = Promise.allSettled(paths(5).map((path) => lastValueFrom(api.post$(path, { by: 'A' }))));
    await isOut.passed;
    const signedIn = session.signIn({ accessToken: 'B1', refreshToken: 'RB1' });
    const ofB = firstValueFrom(api.get$('/b'));
    answer.open();
    await signedIn;

    const errors = (await waiting).map((fate) => (fate.status === 'rejected' ? fate.reason : undefined));
    expect(errors.filter((error) => isApiError(error, 'signed-out'))).toHaveLength(5);
    expect(await ofB).toMatchObject({ by: 'B1' });
    for (const path of paths(5)) expect(server.hitsOf(path).map(({ token }) => token)).toEqual(['T1']);
    expect(await store.load()).toMatchObject({ accessToken: 'B1', refreshToken: 'RB1' });
  });

  it('a late refusal does not end the session of the next user', async () => {
    const { api, session } = createClient(server);
    server.live.add('B1');
    server.refreshReply = { status: 400, type: 'application/json', body: '{"error":"invalid_grant"}' };
    const ofA = lastValueFrom(api.get$('/a')).catch((error: unknown) => error);
    await isOut.passed;
    await session.signIn({ accessToken: 'B1' });
    answer.open();

    expect(await ofA).toMatchObject({ code: 'signed-out' });
    expect(await firstValueFrom(api.get$('/b'))).toMatchObject({ by: 'B1' });
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'B1' } });
  });

  it('destroy() ends all waits', async () => {
    const { api, session } = createClient(server);
    const waiting = lastValueFrom(api.get$('/orders')).catch((error: unknown) => error);
    await isOut.passed;
    session.destroy();
    expect(await waiting).toMatchObject({ code: 'signed-out' });
    await expect(session.signIn({ accessToken: 'T3' })).rejects.toMatchObject({ code: 'signed-out' });
    answer.open();
  });
});

describe.each(SIGNALS)('requests beside the session, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  const refusedAs = signal === 'HTTP 401' ? { error: { code: 'status', status: 401 } } : { value: { code: 1002 } };
  const fateOf = (request: ReturnType<typeof lastValueFrom>): Promise<unknown> =>
    request.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );

  it('with auth: false carry no token, and their expired answer is the caller’s', async () => {
    const { api, session } = createClient(server);
    const before = session.state;
    expect(await fateOf(lastValueFrom(api.post$('/login', { user: 'a' }, { auth: false })))).toMatchObject(refusedAs);
    expect(server.hits).toMatchObject([{ path: '/login', authorization: undefined }]);
    expect(server.refreshes).toBe(0);
    expect(session.state).toBe(before);
  });

  it('with an authorization header of their own keep it and never refresh', async () => {
    const { api } = createClient(server);
    const own = lastValueFrom(api.get$('/orders', { headers: { Authorization: 'Basic b3du' } }));
    expect(await fateOf(own)).toMatchObject(refusedAs);
    expect(server.hits).toMatchObject([{ authorization: 'Basic b3du' }]);
    expect(server.refreshes).toBe(0);
  });

  it('of a session that is signed out leave without a token and never refresh', async () => {
    const { api } = createClient(server, { store: memoryStore() });
    expect(await fateOf(lastValueFrom(api.get$('/orders')))).toMatchObject(refusedAs);
    expect(server.hits).toMatchObject([{ authorization: undefined }]);
    expect(server.refreshes).toBe(0);
  });

  it('to another origin carry no token, and their expired answer starts nothing', async () => {
    const elsewhere = await startServer(signal);
    const { api } = createClient(server);
    expect(await fateOf(lastValueFrom(api.get$(`${elsewhere.origin}/orders`)))).toMatchObject(refusedAs);
    expect(elsewhere.hits).toMatchObject([{ authorization: undefined }]);
    expect(server.refreshes).toBe(0);
    await elsewhere.close();
  });

  it('send the same bytes on both attempts', async () => {
    const { api } = createClient(server);
    const body = { text: 'zwölf ✓', at: [1, 2, { deep: true }] };
    await lastValueFrom(api.post$('/orders', body));
    const [first, second] = server.hitsOf('/orders');
    expect(first?.body).toBe(JSON.stringify(body));
    expect(second?.body).toBe(first?.body);
  });
});

describe.each(SIGNALS)('several sessions in one process, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  it('on one store refresh once: the others take over the new tokens', async () => {
    const store = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
    const clients = [1, 2, 3].map(() => createClient(server, { store }));
    const answers = await Promise.all(clients.map(({ api }, index) => lastValueFrom(api.get$(`/orders/${index}`))));

    expect(answers).toMatchObject([{ by: 'T2' }, { by: 'T2' }, { by: 'T2' }]);
    expect(server.refreshes).toBe(1);
    for (const { session } of clients) expect(session.state).toMatchObject({ tokens: { refreshToken: 'R2' } });
  });

  it('on stores of their own never carry each other’s token', async () => {
    const users = ['A', 'B'].map((user) => {
      const http = createApi({ baseUrl: server.origin });
      const session = createSession({
        store: memoryStore({ accessToken: `${user}1`, refreshToken: `R${user}` }),
        refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
      });
      return { user, api: http.extend({ session }) };
    });
    server.live.add('A1').add('B1');
    const requests = Array.from({ length: 200 }, (_, index) => {
      const { user, api } = users[index % 2 ? 1 : 0] ?? { user: '', api: createApi() };
      return lastValueFrom(api.get$(`/${user}/${index}`));
    });
    await Promise.all(requests);

    expect(server.hits).toHaveLength(200);
    for (const { path, token } of server.hits) expect(token).toBe(`${path[1]}1`);
  });
});
