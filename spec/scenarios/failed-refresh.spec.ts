import { inspect } from 'node:util';
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
import { EMPTY, firstValueFrom, lastValueFrom, NEVER, of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBarrier, createCounter } from '../support/barrier';
import { createClient, type TestClient } from '../support/client';
import { type Reply, SIGNALS, startServer, type TestServer } from '../support/server';

const WAITERS = 10;

const json = (status: number, body: unknown): Reply => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
});

/** Answers that end the session. */
const REFUSALS: Readonly<Record<string, Reply>> = {
  '400 invalid_grant': json(400, { error: 'invalid_grant' }),
  '400 with a JSON body': json(400, { message: 'no' }),
  '401 with a JSON body': json(401, { error: 'Unauthorized' }),
  '401 without a body': { status: 401 },
  '403 with a JSON body': json(403, {}),
};

/** Answers that may pass. */
const FAILURES: Readonly<Record<string, Reply>> = {
  '400 HTML': { status: 400, type: 'text/html', body: '<h1>Bad Request</h1>' },
  '400 invalid_client': json(400, { error: 'invalid_client' }),
  '404 HTML': { status: 404, type: 'text/html', body: '<h1>Not Found</h1>' },
  '408': json(408, {}),
  '425': json(425, {}),
  '429': json(429, {}),
  '500': json(500, {}),
  '502 HTML': { status: 502, type: 'text/html', body: '<h1>Bad Gateway</h1>' },
  '503': json(503, { error: 'invalid_grant' }),
  '504': { status: 504 },
  '520': { status: 520 },
  'a reset': 'reset',
  'a reset in the middle of the body': 'reset mid-body',
  'HTML with status 200': { type: 'text/html', body: '<h1>Welcome</h1>' },
  'nothing with status 200': { type: 'application/json' },
  'broken JSON': { type: 'application/json', body: '{"accessToken":' },
  'a grant without an access token': json(200, { refreshToken: 'R2' }),
  'an empty access token': json(200, { accessToken: '' }),
  'an access token that is no text': json(200, { accessToken: 2 }),
  'an access token with a line break': json(200, { accessToken: 'T2\nX-Injected: 1' }),
  null: json(200, null),
};

/** A `refresh` that does not even ask the server. */
const BROKEN: Readonly<Record<string, SessionOptions['refresh']>> = {
  throws: () => {
    throw new Error('thrown');
  },
  'rejects a promise': () => Promise.reject(new Error('rejected')),
  'completes without a grant': () => EMPTY,
  // What plain JavaScript may return.
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

  /** Sends requests whose answers all say that the token is dead, and collects what they error with. */
  const storm = async ({ api }: TestClient): Promise<unknown[]> => {
    const all = createCounter(WAITERS);
    const answers = createBarrier();
    server.beforeAnswer = ({ token }) => {
      if (token !== 'T1') return undefined;
      all.hit();
      return answers.passed;
    };
    const requests = Array.from({ length: WAITERS }, (_, index) =>
      firstValueFrom(api.get$(`/orders/${index}?secret=1`)),
    );
    const fates = Promise.allSettled(requests);
    await all.reached;
    answers.open();
    const errors = (await fates).map((fate) => (fate.status === 'rejected' ? fate.reason : undefined));
    server.beforeAnswer = () => {};
    return errors;
  };

  const showsNoToken = (errors: readonly unknown[]): void => {
    for (const error of errors) {
      const shown = [inspect(error, { depth: 9 }), JSON.stringify(error), `${error}`].join();
      expect(shown).not.toMatch(/T1|R1|secret/);
    }
  };

  /** A new sign-in begins with a session that works, and renews itself. */
  const worksAfterSignIn = async ({ api, session }: TestClient): Promise<void> => {
    server.refreshReply = undefined;
    const before = server.refreshes;
    await session.signIn({ accessToken: 'dead', refreshToken: 'R9' });
    expect(await lastValueFrom(api.get$('/again'))).toMatchObject({ of: '/again' });
    expect(server.refreshes).toBe(before + 1);
    expect(server.presented.at(-1)).toBe('R9');
  };

  it.each(Object.entries(REFUSALS))('ends the session for all who wait when it is refused: %s', async (_, reply) => {
    const expired: SessionExpiredError[] = [];
    const client = createClient(server, { onExpired: (error) => expired.push(error) });
    server.refreshReply = reply;
    const errors = await storm(client);

    expect(errors.filter((error) => isApiError(error, 'session-expired'))).toHaveLength(WAITERS);
    expect(server.refreshes).toBe(1);
    expect(server.hits).toHaveLength(WAITERS);
    expect(client.session.state).toMatchObject({ status: 'signed-out', reason: 'expired' });
    expect(await client.store.load()).toBeNull();
    expect(expired).toHaveLength(1);
    showsNoToken(errors);
    await worksAfterSignIn(client);
  });

  it('ends the session when the refresh says itself, in an envelope, that the token has expired', async () => {
    const store = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
    const http = createApi({ baseUrl: server.origin, interceptors: [envelope()] });
    const session = createSession({
      store,
      refresh: ({ refreshToken }) => http.post$<TokenGrant>('/renewal', { refreshToken }),
    });
    const client = { http, session, store, api: createApi({ baseUrl: server.origin, session }) };
    server.refreshReply = json(200, { code: 1002, message: 'expired' });
    const errors = await storm(client);

    expect(errors.filter((error) => isApiError(error, 'session-expired'))).toHaveLength(WAITERS);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'expired' });
  });

  it.each(Object.entries(FAILURES))('keeps the session when it may pass: %s', async (_, reply) => {
    const client = createClient(server);
    server.refreshReply = reply;
    const errors = await storm(client);

    expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(WAITERS);
    expect(new Set(errors).size).toBe(1);
    expect(server.refreshes).toBe(1);
    expect(server.hits).toHaveLength(WAITERS);
    expect(client.session.state).toMatchObject({
      status: 'expired',
      tokens: { accessToken: 'T1', refreshToken: 'R1' },
    });
    expect(await client.store.load()).toMatchObject({ accessToken: 'T1', refreshToken: 'R1' });
    showsNoToken(errors);

    // While it cools down, nothing is sent at all.
    await expect(firstValueFrom(client.api.get$('/soon'))).rejects.toBe(errors[0]);
    expect(server.hits).toHaveLength(WAITERS);
    expect(server.refreshes).toBe(1);
    await worksAfterSignIn(client);
  });

  it.each(Object.entries(BROKEN))('keeps the session when `refresh` %s', async (_, refresh) => {
    const client = createClient(server, { refresh });
    const errors = await storm(client);

    expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(WAITERS);
    expect(server.hits).toHaveLength(WAITERS);
    expect(client.session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'T1' } });
    showsNoToken(errors);
  });

  it('gives up one that never answers, closes its connection and keeps the session', async () => {
    const client = createClient(server, { refreshTimeoutMs: 50 });
    server.refreshReply = 'never';
    const aborted = createBarrier();
    server.onAbort = aborted.open;
    const errors = await storm(client);

    expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(WAITERS);
    expect(client.session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'T1' } });
    await aborted.passed;
    await worksAfterSignIn(client);
  });

  it('gives up a `refresh` that never emits', async () => {
    const client = createClient(server, { refresh: () => NEVER, refreshTimeoutMs: 20 });
    const errors = await storm(client);
    expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(WAITERS);
  });

  it('settles a refresh that goes through the client of its own session', async () => {
    const store = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
    const session = createSession({
      store,
      refresh: ({ refreshToken }) => api.post$<TokenGrant>('/renewal', { refreshToken }),
    });
    const api = createApi({ baseUrl: server.origin, session });
    expect(await firstValueFrom(api.get$('/orders'))).toMatchObject({ by: 'T2' });
    expect(server.refreshes).toBe(1);
  });

  it('ends a refresh that waits for itself after its first step', async () => {
    const store = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
    const session = createSession({
      store,
      refreshTimeoutMs: 50,
      refresh: async ({ refreshToken }) => {
        await Promise.resolve();
        return firstValueFrom(api.post$<TokenGrant>('/renewal', { refreshToken }));
      },
    });
    const api = createApi({ baseUrl: server.origin, session });
    await expect(firstValueFrom(api.get$('/orders'))).rejects.toMatchObject({ code: 'refresh' });
    expect(session.state.status).toBe('expired');
  });
});
