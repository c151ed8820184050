import Keycloak from 'keycloak-js';
import { createApi, createSession, isApiError, type Session } from 'renewal';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keycloakSession } from '../../examples/recipes/keycloak';
import { type HttpServer, startHttpServer } from '../support/http-server';

/** A JWT without a signature: the adapter reads its claims only. */
const jwt = (id: string): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const iat = Math.floor(Date.now() / 1000);
  return `${part({ alg: 'none' })}.${part({ jti: id, sub: 'ada', iat, exp: iat + 3_600 })}.`;
};

/** What the adapter needs, and Node 20 does not have. */
const withResolvers = () => {
  const settlers: Record<string, unknown> = {};
  const promise = new Promise((resolve, reject) => Object.assign(settlers, { resolve, reject }));
  return { promise, ...settlers };
};

describe('the recipe of keycloak-js with its adapter', () => {
  let server: HttpServer;
  let session: Session;
  let keycloak: Keycloak;
  /** The refresh tokens that the token endpoint was given. */
  let presented: (string | null)[];
  let status: number;
  let rejected: string | undefined;
  const [t1 = '', t2 = '', t3 = ''] = ['T1', 'T2', 'T3'].map(jwt);
  const [r1 = '', r2 = '', r3 = ''] = ['R1', 'R2', 'R3'].map(jwt);

  beforeEach(async () => {
    [presented, status, rejected] = [[], 200, undefined];
    server = await startHttpServer();
    server.answer = ({ url, headers }, response, body) => {
      const json = (code: number, value: object) =>
        void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      if (url !== '/realms/shop/protocol/openid-connect/token')
        return json(!headers.authorization || headers.authorization === `Bearer ${rejected}` ? 401 : 200, {});
      presented.push(new URLSearchParams(`${body}`).get('refresh_token'));
      if (status !== 200) return json(status, { error: 'invalid_grant' });
      const [access_token, refresh_token] = presented.includes(r2) ? [t3, r3] : [t2, r2];
      json(200, { access_token, refresh_token });
    };
    const location = { href: 'https://shop.test/', origin: 'https://shop.test' };
    vi.stubGlobal('window', { location, setTimeout, addEventListener: () => {} });
    vi.stubGlobal('isSecureContext', true);
    if (!('withResolvers' in Promise)) Object.assign(Promise, { withResolvers });
    keycloak = new Keycloak({ url: server.origin, realm: 'shop', clientId: 'shop' });
    // With tokens of its own, `init` renews them.
    const initOptions = { token: t1, refreshToken: r1, timeSkew: 0, checkLoginIframe: false };
    session = createSession(keycloakSession(keycloak, initOptions));
  });

  afterEach(async () => {
    session.destroy();
    if (Object.is(Object(Promise).withResolvers, withResolvers)) Reflect.deleteProperty(Promise, 'withResolvers');
    vi.unstubAllGlobals();
    await server.close();
  });

  const get = () => firstValueFrom(createApi({ baseUrl: server.origin, session }).get$('/orders'));

  it('renews once for 20 requests, and keeps the rotated token in the adapter', async () => {
    await get();
    rejected = t2;
    await Promise.all(Array.from({ length: 20 }, get));
    expect(presented).toEqual([r1, r2]);
    expect([keycloak.token, keycloak.refreshToken]).toEqual([t3, r3]);
    expect(await firstValueFrom(session.accessToken$())).toBe(t3);
  });

  it.each([
    [400, 'session-expired', 'signed-out'],
    [503, 'refresh', 'expired'],
  ])('fails after a %d of the token endpoint with the code %s', async (code, expected, state) => {
    await get();
    [rejected, status] = [t2, code];
    const failure = await get().catch((failure: unknown) => failure);
    expect(isApiError(failure) && failure.code).toBe(expected);
    expect(session.state.status).toBe(state);
    expect(keycloak.refreshToken).toBe(code === 400 ? undefined : r2);
  });

  it('continues after an initialisation that failed by a 503', async () => {
    status = 503;
    const failure = await get().catch((failure: unknown) => failure);
    expect(isApiError(failure) && failure.code).toBe('refresh');
    status = 200;
    await firstValueFrom(session.refresh$({ force: true }));
    await get();
    expect(presented.slice(0, 2)).toEqual([r1, r1]);
    expect(session.state.status).toBe('active');
  });
});
