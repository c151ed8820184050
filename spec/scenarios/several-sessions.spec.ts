import { isApiError } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Echo, json, REFRESH, type Reply, SIGNALS, startServer, type TestServer } from '../support/server';
import { createClient, createExpiredClient, errorOf, errorsOf, settleAll } from '../support/server-client';
import { tokensShownBy } from '../support/server-secrets';

/** What a server may do with a refresh token that comes a second time. */
const AGAIN: readonly (readonly [string, Reply | undefined])[] = [
  ['refuses', undefined],
  ['takes', json({ accessToken: 'a.access.2', refreshToken: 'a.refresh.2' })],
];

describe.each(SIGNALS)('two sessions in one process, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  it('never carry each other’s token, live or renewed', async () => {
    const a = createClient(server, { user: 'a' });
    const b = createExpiredClient(server, { user: 'b' });
    const requests = Array.from({ length: 200 }, (_, index) =>
      index % 2 ? b.api.get$<Echo>(`/b/${index}`) : a.api.get$<Echo>(`/a/${index}`),
    );
    const fates = await settleAll(requests);

    expect(errorsOf(fates)).toEqual(Array(200).fill(undefined));
    for (const { path, token } of server.hits) expect(token[0]).toBe(path[1]);
    expect(server.presented).toEqual(['b.refresh.1']);
    expect(a.session.state).toMatchObject({ tokens: a.issued });
    expect(b.session.state).toMatchObject({ tokens: { accessToken: 'b.access.2', refreshToken: 'b.refresh.2' } });
  });

  it('renew each their own when both expire', async () => {
    const users = ['a', 'b'].map((user) => ({ user, ...createExpiredClient(server, { user }) }));
    const dead = server.hold(({ token }) => token.endsWith('.1'));
    const requests = Array.from({ length: 100 }, (_, index) =>
      users.map(({ user, api }) => api.get$<Echo>(`/${user}/${index}`)),
    );
    const fates = settleAll(requests.flat());
    await dead.arrived(200);
    dead.open();

    expect(errorsOf(await fates)).toEqual(Array(200).fill(undefined));
    expect(server.hits).toHaveLength(400);
    for (const { path, token } of server.hits) expect(token[0]).toBe(path[1]);
    expect([...server.presented].sort()).toEqual(['a.refresh.1', 'b.refresh.1']);
    for (const { user, session, store } of users) {
      const renewed = { accessToken: `${user}.access.2`, refreshToken: `${user}.refresh.2` };
      expect(session.state).toMatchObject({ status: 'active', tokens: renewed });
      expect(await store.load()).toMatchObject(renewed);
    }
  });

  it('end each for themselves', async () => {
    const a = createExpiredClient(server, { user: 'a' });
    const b = createExpiredClient(server, { user: 'b' });
    server.refreshReply = json({ error: 'invalid_grant' }, 400);
    const errors = errorsOf(await settleAll([a.api.get$('/a')]));
    server.refreshReply = undefined;
    expect(errors).toMatchObject([{ code: 'session-expired' }]);
    expect(await lastValueFrom(b.api.get$<Echo>('/b'))).toMatchObject({ by: 'b.access.2' });
    expect(a.session.state.status).toBe('signed-out');
    expect(b.session.state.status).toBe('active');
    expect(tokensShownBy([...errors, a.session, a.api, a.http, a.store])).toEqual([]);
  });
});

describe.each(SIGNALS)('sessions that share one store, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  /** Clients of one user, as separate parts of a program would make them. */
  const createClients = (count: number) => {
    const first = createExpiredClient(server);
    const { store, issued } = first;
    return [first, ...Array.from({ length: count - 1 }, () => createClient(server, { store, issued }))];
  };

  it.each([2, 5])('are %i and refresh once: the others take over the new tokens', async (count) => {
    const clients = createClients(count);
    const dead = server.hold(({ token }) => token === 'a.access.1');
    const fates = settleAll(clients.map(({ api }, index) => api.get$<Echo>(`/orders/${index}`)));
    await dead.arrived(count);
    dead.open();

    expect(errorsOf(await fates)).toEqual(Array(count).fill(undefined));
    expect(server.presented).toEqual(['a.refresh.1']);
    clients.forEach(({ session }, index) => {
      expect(server.tokensOf(`/orders/${index}`)).toEqual(['a.access.1', 'a.access.2']);
      expect(session.state).toMatchObject({
        status: 'active',
        tokens: { accessToken: 'a.access.2', refreshToken: 'a.refresh.2' },
      });
    });
  });

  it('take over what another has renewed long before', async () => {
    const one = createExpiredClient(server);
    const { store, issued } = one;
    const other = createClient(server, { store, issued });
    await lastValueFrom(one.api.get$('/one'));
    expect(await lastValueFrom(other.api.get$<Echo>('/other'))).toMatchObject({ nth: 2 });
    expect(server.tokensOf('/other')).toEqual(['a.access.1', 'a.access.2']);
    expect(server.refreshes).toBe(1);
  });
});

describe.each(SIGNALS)('a session that refreshes while another of its store waits to, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  /** Two clients of one store, one with its refresh held by the server, and what becomes of a request of each. */
  const waitInTurn = async () => {
    const one = createExpiredClient(server);
    const { store, issued } = one;
    const other = createClient(server, { store, issued });
    const refresh = server.hold(({ path }) => path === REFRESH);
    const ofOne = errorOf(one.api.get$('/one'));
    await refresh.arrived(1);
    const ofOther = errorOf(other.api.get$('/other'));
    await other.answered('/other');
    return { one, other, store, refresh, errors: Promise.all([ofOne, ofOther]) };
  };

  it('is refused: the other is signed out without asking again', async () => {
    server.refreshReply = json({ error: 'invalid_grant' }, 400);
    const { one, other, store, refresh, errors } = await waitInTurn();
    refresh.open();

    expect((await errors).filter((error) => isApiError(error))).toHaveLength(2);
    expect([one.session.state.status, other.session.state.status]).toEqual(['signed-out', 'signed-out']);
    expect(server.refreshes).toBe(1);
    expect(await store.load()).toBeNull();
  });

  it.each(AGAIN)(
    'signs out: so is the other, and the store stays empty, also where the server %s the old refresh token',
    async (_, reply) => {
      server.refreshReply = reply;
      server.live.add('a.access.2');
      const { one, other, store, refresh, errors } = await waitInTurn();
      await one.session.signOut();
      refresh.open();

      expect(await errors).toMatchObject([{ code: 'signed-out' }, { code: 'signed-out' }]);
      expect(other.session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
      expect(await store.load()).toBeNull();
      expect(server.refreshes).toBe(1);
      expect(tokensShownBy(await errors)).toEqual([]);
    },
  );

  it.each(AGAIN)(
    'is signed in as B: the other takes over B, also where the server %s the old refresh token of A',
    async (_, reply) => {
      server.refreshReply = reply;
      server.live.add('a.access.2');
      const { one, other, store, refresh, errors } = await waitInTurn();
      const ofB = server.issue('b');
      await one.session.signIn(ofB);
      refresh.open();

      expect(await errors).toMatchObject([{ code: 'signed-out' }, { code: 'signed-out' }]);
      expect(other.session.state).toMatchObject({ status: 'active', tokens: ofB });
      expect(await store.load()).toMatchObject(ofB);
      expect(server.tokensOf('/other')).toEqual(['a.access.1']);
      expect(server.refreshes).toBe(1);
    },
  );
});
