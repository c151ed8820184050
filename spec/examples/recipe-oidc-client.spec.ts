import { InMemoryWebStorage, User, UserManager, WebStorageStateStore } from 'oidc-client-ts';
import { createApi, createSession, isApiError, type Session } from 'renewal';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oidcClientSession } from '../../examples/recipes/oidc-client';
import { type HttpServer, startHttpServer } from '../support/http-server';

describe('the recipe of oidc-client-ts with its UserManager', () => {
  let server: HttpServer;
  let session: Session;
  let manager: UserManager;
  /** The refresh tokens that the token endpoint was given. */
  let presented: (string | null)[];
  let refusal: { readonly status: number; readonly error: string } | undefined;

  beforeEach(async () => {
    [presented, refusal] = [[], undefined];
    server = await startHttpServer();
    server.answer = ({ url, headers }, response, body) => {
      const json = (status: number, value: object) =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      if (url !== '/token')
        return headers.authorization === 'Bearer T1' ? json(401, {}) : json(200, { token: headers.authorization });
      presented.push(new URLSearchParams(`${body}`).get('refresh_token'));
      if (refusal) return json(refusal.status, { error: refusal.error });
      const number = presented.length + 1;
      json(200, {
        access_token: `T${number}`,
        refresh_token: `R${number}`,
        token_type: 'Bearer',
        expires_in: 3_600,
      });
    };
    const { origin } = server;
    const store = () => new WebStorageStateStore({ store: new InMemoryWebStorage() });
    manager = new UserManager({
      authority: origin,
      client_id: 'shop',
      redirect_uri: `${origin}/callback`,
      metadata: { issuer: origin, token_endpoint: `${origin}/token` },
      userStore: store(),
      stateStore: store(),
      automaticSilentRenew: false,
    });
    await manager.storeUser(
      new User({
        access_token: 'T1',
        refresh_token: 'R1',
        token_type: 'Bearer',
        profile: { sub: 'ada', iss: origin, aud: 'shop', exp: 0, iat: 0 },
        expires_at: Math.floor(Date.now() / 1000) + 3_600,
      }),
    );
    session = createSession(oidcClientSession(manager));
  });

  afterEach(async () => {
    session.destroy();
    await server.close();
  });

  const get = () => firstValueFrom(createApi({ baseUrl: server.origin, session }).get$('/orders'));

  it('renews once for 20 requests, and stores the rotated user', async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, get));
    expect(responses).toEqual(Array(20).fill({ token: 'Bearer T2' }));
    expect(presented).toEqual(['R1']);
    expect(await manager.getUser()).toMatchObject({ access_token: 'T2', refresh_token: 'R2' });
  });

  it.each([
    [400, 'invalid_grant', 'session-expired', 'signed-out'],
    [400, 'invalid_client', 'refresh', 'expired'],
    [503, 'temporarily_unavailable', 'refresh', 'expired'],
  ])('fails after %d %s with the code %s', async (status, error, code, state) => {
    refusal = { status, error };
    const failure = await get().catch((failure: unknown) => failure);
    expect(isApiError(failure) && failure.code).toBe(code);
    expect(session.state.status).toBe(state);
  });
});
