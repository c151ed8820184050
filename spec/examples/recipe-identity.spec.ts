import { type Api, createApi, createSession, isApiError, type Session } from 'renewal';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HttpServer, startHttpServer } from '../support/http-server';
import { FAKES, type IdentityFake, type Issuer } from './identity-fakes';

describe.each(FAKES)('the recipe of %s', (_name, create) => {
  let issuer: Issuer;
  let fake: IdentityFake;
  let server: HttpServer;
  let session: Session;
  let api: Api;
  /** The tokens of the requests that have arrived. */
  let arrived: (string | undefined)[];
  let rejected: string;

  beforeEach(async () => {
    issuer = { number: 1, renewals: 0, logouts: 0, outcome: 'granted' };
    [arrived, rejected] = [[], ''];
    fake = create(issuer);
    server = await startHttpServer();
    server.answer = ({ headers }, response) => {
      const token = headers.authorization?.slice('Bearer '.length);
      arrived.push(token);
      response.writeHead(!token || token === rejected ? 401 : 200, { 'content-type': 'application/json' }).end('[]');
    };
    session = createSession(fake.options);
    api = createApi({ baseUrl: server.origin, session });
  });

  afterEach(async () => {
    session.destroy();
    await server.close();
  });

  const get = (): Promise<unknown> => firstValueFrom(api.get$('/orders'));
  const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'no error',
      (error: unknown) => (isApiError(error) ? error.code : error),
    );

  it('takes the token that the library has, with its id token, without a renewal', async () => {
    await get();
    expect(arrived).toEqual(['T1']);
    expect(issuer.renewals).toBe(0);
    expect(session.state).toMatchObject({ status: 'active', tokens: { extras: { idToken: 'id-T1' } } });
    const { expiresAtMs = 0 } = 'tokens' in session.state ? session.state.tokens : {};
    expect(expiresAtMs - Date.now()).toBeGreaterThan(3_590_000);
    expect(expiresAtMs - Date.now()).toBeLessThan(3_601_000);
  });

  it('renews once for 20 requests with a token that the API rejects', async () => {
    rejected = 'T1';
    await Promise.all(Array.from({ length: 20 }, get));
    expect(issuer.renewals).toBe(1);
    expect(arrived.sort()).toEqual([...Array(20).fill('T1'), ...Array(20).fill('T2')]);
    expect(session.state).toMatchObject({ tokens: { extras: { idToken: 'id-T2' } } });
  });

  it('takes a newer token that the library has got by itself', async () => {
    await get();
    fake.renewElsewhere();
    rejected = 'T1';
    await get();
    expect(arrived).toEqual(['T1', 'T1', 'T2']);
    expect(issuer.renewals).toBe(0);
  });

  it('is signed out if the library knows no user', async () => {
    fake.forget();
    expect(await codeOf(get())).toBe('status');
    expect(arrived).toEqual([undefined]);
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
  });

  it('ends the session if the user has to sign in again', async () => {
    await get();
    rejected = 'T1';
    issuer.outcome = 'refused';
    expect(await codeOf(get())).toBe('session-expired');
    expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
  });

  it('keeps the session if the network fails, and renews later', async () => {
    await get();
    rejected = 'T1';
    issuer.outcome = 'unreachable';
    expect(await codeOf(get())).toBe('refresh');
    issuer.outcome = 'granted';
    await firstValueFrom(session.refresh$({ force: true }));
    await get();
    expect(arrived).toEqual(['T1', 'T1', 'T2']);
  });

  it('signs out at the provider after signOut()', async () => {
    await get();
    await session.signOut();
    expect(issuer.logouts).toBe(1);
  });
});
