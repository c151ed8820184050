import { isApiError } from 'renewal';
import { describe, expect, it } from 'vitest';
import { json, REFRESH, type Reply, SIGNALS } from '../support/server';
import { createClient, createExpiredClient, errorOf } from '../support/server-client';
import { tokensShownBy } from '../support/server-secrets';
import { withServer } from '../support/with-server';

/** The reactions of a server to a reused refresh token. */
const AGAIN: readonly (readonly [string, Reply | undefined])[] = [
  ['refuses', undefined],
  ['takes', json({ accessToken: 'a.access.2', refreshToken: 'a.refresh.2' })],
];

describe.each(SIGNALS)('a session that refreshes while another of its store waits to, by %s', (signal) => {
  const server = withServer(signal);

  /** Two clients of one store, one with its refresh held by the server, and the outcome of a request of each. */
  const waitInTurn = async () => {
    const one = createExpiredClient(server);
    const { store, issued } = one;
    const other = createClient(server, { store, issued });
    const refresh = server.hold(({ path }) => path === REFRESH);
    const ofOne = errorOf(one.api.get$('/one'));
    await refresh.arrived(1);
    const ofOther = errorOf(other.api.get$('/other'));
    await other.received('/other');
    return { one, other, store, refresh, errors: Promise.all([ofOne, ofOther]) };
  };

  it('is refused: the other is signed out without a refresh', async () => {
    server.refreshReply = json({ error: 'invalid_grant' }, 400);
    const { one, other, store, refresh, errors } = await waitInTurn();
    refresh.open();

    expect((await errors).filter((error) => isApiError(error))).toHaveLength(2);
    expect([one.session.state.status, other.session.state.status]).toEqual(['signed-out', 'signed-out']);
    expect(server.refreshes).toBe(1);
    expect(await store.load()).toBeNull();
  });

  it.each(AGAIN)('signs out: so does the other, and the store is empty (the server %s the token)', async (_, reply) => {
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
  });

  it.each(AGAIN)('is signed in as B: so is the other (the server %s the old refresh token of A)', async (_, reply) => {
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
  });
});
