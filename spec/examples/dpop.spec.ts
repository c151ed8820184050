import { randomBytes } from 'node:crypto';
import { generateKeyPair, type KeyPair } from 'dpop';
import { type Api, createApi, createSession, oauthGrant, oauthRefresh, type Session } from 'renewal';
import { concatMap, firstValueFrom, lastValueFrom, mergeMap, range, reduce } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDpop } from '../../examples/dpop/dpop';
import { type OidcServer, startOidcServer } from '../support/oidc-server';
import { createOidcStore } from '../support/oidc-store';

/** How often `oidc-provider` makes a nonce. It accepts the ones before for some minutes. */
const STEP_MS = 60_000;
/** Longer than `oidc-provider` accepts a nonce. */
const ROTATION_MS = 300_000;

const start = (adapter: ReturnType<typeof createOidcStore>): Promise<OidcServer> =>
  startOidcServer({
    adapter,
    features: { dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true } },
  });

describe('the DPoP recipe', () => {
  let authorizationServer: OidcServer;
  /** Has nonces of its own. */
  let resourceServer: OidcServer;
  const sessions: Session[] = [];

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'] }); // nonces rotate by the clock; timers and sockets are real
    const store = createOidcStore();
    [authorizationServer, resourceServer] = await Promise.all([start(store), start(store)]);
  });

  afterEach(async () => {
    for (const session of sessions.splice(0)) session.destroy();
    await Promise.all([authorizationServer.close(), resourceServer.close()]);
    vi.useRealTimers();
  });

  const createClient = (keys: KeyPair): { http: Api; api: Api; session: Session } => {
    const { authorize, useNonces, prove } = createDpop(keys);
    const http = createApi({ baseUrl: authorizationServer.origin, interceptors: [useNonces, prove] });
    const session = createSession({ authorize, refresh: oauthRefresh(http, { url: '/token', clientId: 'shop' }) });
    const api = createApi({ baseUrl: resourceServer.origin, interceptors: [useNonces], session });
    sessions.push(session);
    return { http, api, session };
  };

  const signIn = async ({ http, session }: { http: Api; session: Session }): Promise<void> =>
    session.signIn(oauthGrant(await firstValueFrom(http.post$('/token', await authorizationServer.login()))));

  const tokensOf = ({ state }: Session) => {
    if (!('tokens' in state)) throw new Error(`the session is ${state.status}`);
    return state.tokens;
  };

  /** How often the servers sent each status, at the paths that demand a proof. */
  const countHits = ({ hits }: OidcServer): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const hit of hits) if (/^\/(token|me) /.test(hit)) counts[hit] = (counts[hit] ?? 0) + 1;
    return counts;
  };

  it('spends no refresh on nonces, and one extra request on each of 20', async () => {
    const client = createClient(await generateKeyPair('ES256'));
    await signIn(client);
    const request$ = range(0, 1000).pipe(
      concatMap((index) => {
        if (index % 50 === 0) vi.setSystemTime(Date.now() + ROTATION_MS);
        return client.api.get$<{ sub: string }>('/me');
      }),
      reduce((count, { sub }) => count + Number(sub === 'ada'), 0),
    );

    expect(await lastValueFrom(request$)).toBe(1000);
    expect(countHits(resourceServer)).toEqual({ '/me 401': 20, '/me 200': 1000 });
    expect(countHits(authorizationServer)).toEqual({ '/token 400': 1, '/token 200': 1 });
  }, 60_000);

  it('follows nonces that overlap with no extra request, ten requests at once', async () => {
    const client = createClient(await generateKeyPair('ES256'));
    await signIn(client);
    await firstValueFrom(client.api.get$('/me'));
    const request$ = range(0, 200).pipe(
      mergeMap((index) => {
        if (index % 50 === 0) vi.setSystemTime(Date.now() + STEP_MS);
        return client.api.get$('/me');
      }, 10),
      reduce((count) => count + 1, 0),
    );

    expect(await lastValueFrom(request$)).toBe(200);
    expect(countHits(resourceServer)).toEqual({ '/me 401': 1, '/me 200': 1 + 200 });
  });

  it('renews an access token that dies in the middle once, with a proof', async () => {
    const client = createClient(await generateKeyPair('ES256'));
    await signIn(client);
    const { accessToken } = tokensOf(client.session);
    const request$ = range(0, 100).pipe(
      concatMap(async (index) => {
        if (index % 50 === 0) vi.setSystemTime(Date.now() + ROTATION_MS);
        if (index === 75) await (await authorizationServer.provider.AccessToken.find(accessToken))?.destroy();
        return firstValueFrom(client.api.get$<{ sub: string }>('/me'));
      }),
      reduce((count) => count + 1, 0),
    );

    expect(await lastValueFrom(request$)).toBe(100);
    expect(countHits(resourceServer)).toEqual({ '/me 401': 2 + 1, '/me 200': 100 });
    // the sign-in and the refresh, each after a demand for a nonce
    expect(countHits(authorizationServer)).toEqual({ '/token 400': 2, '/token 200': 2 });
    const renewed = await authorizationServer.provider.AccessToken.find(tokensOf(client.session).accessToken);
    expect(renewed).toMatchObject({ tokenType: 'DPoP' });
  });

  it('has keys that cannot be copied, and the server refuses tokens without them', async () => {
    const keys = await generateKeyPair('ES256');
    await expect(crypto.subtle.exportKey('jwk', keys.privateKey)).rejects.toThrow('not extractable');
    const client = createClient(keys);
    await signIn(client);
    const { accessToken, refreshToken } = tokensOf(client.session);

    const thief = createClient(await generateKeyPair('ES256'));
    await thief.session.signIn({ accessToken, ...(refreshToken && { refreshToken }) });
    await expect(firstValueFrom(thief.api.get$('/me'))).rejects.toMatchObject({ code: 'session-expired' });
    const bearer = { authorization: `Bearer ${accessToken}` };
    await expect(firstValueFrom(thief.api.get$('/me', { headers: bearer }))).rejects.toMatchObject({ status: 401 });

    expect(await firstValueFrom(client.api.get$('/me'))).toEqual({ sub: 'ada' });
  });
});
