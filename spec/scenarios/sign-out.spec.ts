import { isApiError, memoryStore, type SessionExpiredError, type TokenStore } from 'renewal';
import { lastValueFrom, type Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGate, type Gate } from '../support/barrier';
import {
  type Echo,
  type Hit,
  type Issued,
  json,
  REFRESH,
  SIGNALS,
  startServer,
  type TestServer,
} from '../support/server';
import {
  createClient,
  createExpiredClient,
  errorsOf,
  paths,
  settleAll,
  type TestClient,
} from '../support/server-client';
import { tokensShownBy } from '../support/server-secrets';

const A1 = 'a.access.1';
const B1 = 'b.access.1';
const REFUSAL = json({ error: 'invalid_grant' }, 400);

const signedOut = (errors: readonly unknown[]): readonly unknown[] =>
  errors.filter((error) => isApiError(error, 'signed-out'));

/** A store whose writes wait for the test. */
const createSlowStore = (initial: Issued): { readonly store: TokenStore; readonly writes: Gate<string> } => {
  const kept = memoryStore(initial);
  const writes = createGate<string>();
  return {
    writes,
    store: {
      ...kept,
      save: async (tokens) => {
        await writes.pass(tokens.accessToken);
        await kept.save(tokens);
      },
      clear: async () => {
        await writes.pass('');
        await kept.clear();
      },
    },
  };
};

describe.each(SIGNALS)('while the refresh of A is out, by %s', (signal) => {
  let server: TestServer;
  let refresh: Gate<Hit>;

  beforeEach(async () => {
    server = await startServer(signal);
    refresh = server.hold(({ path, body }) => path === REFRESH && `${body}`.includes('a.refresh'));
  });
  afterEach(() => server.close());

  /** Five requests that have had their expired answer and five that came later; the errors, as they come. */
  const waitAsA = async ({ api, answered }: TestClient): Promise<readonly unknown[]> => {
    const errors: unknown[] = [];
    const collect = (request: Observable<unknown>) => request.subscribe({ error: (error) => errors.push(error) });
    for (const path of paths(5)) collect(api.post$(path, { by: 'A' }));
    await Promise.all([refresh.arrived(1), ...paths(5).map((path) => answered(path))]);
    for (const path of paths(5, 'held')) collect(api.post$(path, { by: 'A' }));
    expect(errors).toEqual([]);
    return errors;
  };

  const sentOnlyAsA = (): void => {
    for (const path of paths(5)) expect(server.tokensOf(path)).toEqual([A1]);
    for (const path of paths(5, 'held')) expect(server.tokensOf(path)).toEqual([]);
  };

  it('a sign-out ends all waits in the same tick, and the refresh on the wire', async () => {
    const client = createExpiredClient(server);
    const errors = await waitAsA(client);
    const done = client.session.signOut();
    expect(signedOut(errors)).toHaveLength(10);
    expect(client.session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    await done;
    expect(await client.store.load()).toBeNull();
    await server.aborted(REFRESH);

    refresh.open();
    // Its answer comes after whatever a late one could have done.
    await settleAll([client.api.get$('/public')]);
    expect(client.session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    expect(await client.store.load()).toBeNull();
    expect(server.hitsOf('/public')).toMatchObject([{ authorization: undefined }]);
    sentOnlyAsA();
    expect(server.refreshes).toBe(1);
    expect(errors).toHaveLength(10);
    expect(tokensShownBy(errors)).toEqual([]);
  });

  it('destroy() ends all waits in the same tick, and the refresh on the wire', async () => {
    const client = createExpiredClient(server);
    const errors = await waitAsA(client);
    client.session.destroy();
    expect(signedOut(errors)).toHaveLength(10);
    await server.aborted(REFRESH);
    refresh.open();
    await expect(client.session.signIn(server.issue('b'))).rejects.toMatchObject({ code: 'signed-out' });
    sentOnlyAsA();
    expect(tokensShownBy(errors)).toEqual([]);
  });

  it.each([
    ['succeeds', undefined],
    ['is refused', REFUSAL],
    ['fails', { status: 500 }],
  ])('B signs in: no request of A is sent, and nothing becomes of the late answer that %s', async (_, reply) => {
    const expired: SessionExpiredError[] = [];
    server.refreshReply = reply;
    const client = createExpiredClient(server, { onExpired: (error) => expired.push(error) });
    const { api, session, store } = client;
    const errors = await waitAsA(client);
    const ofB = server.issue('b');
    const signedIn = session.signIn(ofB);
    expect(signedOut(errors)).toHaveLength(10);
    // These have their answers while the refresh of A is still held.
    const fates = await settleAll(paths(3, 'b').map((path) => api.get$<Echo>(path)));
    expect(errorsOf(fates)).toEqual(Array(3).fill(undefined));
    for (const path of paths(3, 'b')) expect(server.tokensOf(path)).toEqual([B1]);
    await signedIn;

    await server.aborted(REFRESH);
    refresh.open();
    expect(await lastValueFrom(api.get$<Echo>('/b/last'))).toMatchObject({ by: B1 });
    expect(session.state).toMatchObject({ status: 'active', tokens: ofB });
    expect(await store.load()).toMatchObject(ofB);
    expect(expired).toEqual([]);
    sentOnlyAsA();
    expect(errors).toHaveLength(10);
    expect(tokensShownBy(errors)).toEqual([]);
  });

  it('B signs in and expires: the refresh of B waits for nothing of A', async () => {
    const client = createExpiredClient(server);
    const errors = await waitAsA(client);
    await client.session.signIn(server.issue('b'));
    server.live.clear();

    expect(await lastValueFrom(client.api.get$<Echo>('/b'))).toMatchObject({ by: 'b.access.2', nth: 2 });
    expect(server.presented).toEqual(['a.refresh.1', 'b.refresh.1']);
    expect(client.session.state).toMatchObject({ tokens: { accessToken: 'b.access.2', refreshToken: 'b.refresh.2' } });
    refresh.open();
    sentOnlyAsA();
    expect(signedOut(errors)).toHaveLength(10);
  });

  it('A signs out and in again: the requests of before are not sent', async () => {
    const client = createExpiredClient(server);
    const errors = await waitAsA(client);
    const out = client.session.signOut();
    const again = server.issue('a');
    await Promise.all([out, client.session.signIn(again)]);
    refresh.open();

    expect(await lastValueFrom(client.api.get$<Echo>('/again'))).toMatchObject({ by: again.accessToken });
    expect(await client.store.load()).toMatchObject(again);
    expect(signedOut(errors)).toHaveLength(10);
    sentOnlyAsA();
  });
});

describe.each(SIGNALS)('while the renewed tokens of A are being written, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  it('no one is woken', async () => {
    const issued = server.issue();
    const { store, writes } = createSlowStore(issued);
    const { api, session, left } = createExpiredClient(server, { store, issued });
    const request = lastValueFrom(api.get$<Echo>('/orders'));
    await writes.arrived(1);
    expect(left).toEqual(['/orders', REFRESH]);
    expect(session.state).toMatchObject({ status: 'refreshing', tokens: { accessToken: A1 } });
    writes.open();
    expect(await request).toMatchObject({ by: 'a.access.2' });
  });

  it('a sign-out leaves the store empty', async () => {
    const issued = server.issue();
    const { store, writes } = createSlowStore(issued);
    const { api, session } = createExpiredClient(server, { store, issued });
    const errors: unknown[] = [];
    api.get$('/orders').subscribe({ error: (error) => errors.push(error) });
    await writes.arrived(1);
    const done = session.signOut();
    expect(signedOut(errors)).toHaveLength(1);
    writes.open();
    await done;

    expect(await store.load()).toBeNull();
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    expect(server.tokensOf('/orders')).toEqual([A1]);
  });

  it('a sign-in of B leaves the tokens of B in the store', async () => {
    const issued = server.issue();
    const { store, writes } = createSlowStore(issued);
    const { api, session } = createExpiredClient(server, { store, issued });
    const errors: unknown[] = [];
    api.get$('/orders').subscribe({ error: (error) => errors.push(error) });
    await writes.arrived(1);
    const ofB = server.issue('b');
    const done = session.signIn(ofB);
    expect(signedOut(errors)).toHaveLength(1);
    expect(await lastValueFrom(api.get$<Echo>('/b'))).toMatchObject({ by: B1 });
    writes.open();
    await done;

    expect(await store.load()).toMatchObject(ofB);
    expect(session.state).toMatchObject({ status: 'active', tokens: ofB });
    expect(server.tokensOf('/orders')).toEqual([A1]);
  });
});

describe.each(SIGNALS)('an answer that comes late, by %s', (signal) => {
  let server: TestServer;
  let late: Gate<Hit>;

  beforeEach(async () => {
    server = await startServer(signal);
    late = server.hold(({ path }) => path === '/late');
  });
  afterEach(() => server.close());

  it('says expired after the sign-out: it is a SignedOutError, and changes nothing', async () => {
    const client = createExpiredClient(server);
    const fate = settleAll([client.api.get$('/late')]);
    await late.arrived(1);
    await client.session.signOut();
    const { state } = client.session;
    late.open();
    const errors = errorsOf(await fate);

    expect(signedOut(errors)).toHaveLength(1);
    expect(client.session.state).toBe(state);
    expect(server.refreshes).toBe(0);
    expect(tokensShownBy(errors)).toEqual([]);
  });

  it('says expired after the sign-in of B: it is a SignedOutError, and does not touch the session of B', async () => {
    const client = createExpiredClient(server);
    const fate = settleAll([client.api.get$('/late')]);
    await late.arrived(1);
    await client.session.signIn(server.issue('b'));
    const { state } = client.session;
    late.open();
    const errors = errorsOf(await fate);

    expect(signedOut(errors)).toHaveLength(1);
    expect(client.session.state).toBe(state);
    expect(server.tokensOf('/late')).toEqual([A1]);
    expect(server.refreshes).toBe(0);
  });

  it.each([
    ['and stays so', false],
    ['and someone else has signed in', true],
  ])('says expired after the session has, %s: it is a SessionExpiredError', async (_, isNext) => {
    const client = createExpiredClient(server);
    server.refreshReply = REFUSAL;
    const fate = settleAll([client.api.get$('/late')]);
    await late.arrived(1);
    await settleAll([client.api.get$('/orders')]);
    if (isNext) await client.session.signIn(server.issue('b'));
    const { state } = client.session;
    late.open();
    const errors = errorsOf(await fate);

    expect(errors.filter((error) => isApiError(error, 'session-expired'))).toHaveLength(1);
    expect(client.session.state).toBe(state);
    expect(server.tokensOf('/late')).toEqual([A1]);
    expect(server.refreshes).toBe(1);
  });

  it('says success after the sign-out: it is delivered', async () => {
    const client = createClient(server);
    const request = lastValueFrom(client.api.get$<Echo>('/late'));
    await late.arrived(1);
    await client.session.signOut();
    late.open();
    expect(await request).toMatchObject({ by: A1 });
    expect(client.session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
  });
});
