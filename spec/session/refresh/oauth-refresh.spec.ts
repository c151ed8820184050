import {
  createApi,
  createSession,
  memoryStore,
  type OAuthRefreshOptions,
  oauthRefresh,
  type TokenGrant,
  type Tokens,
} from 'renewal';
import { EMPTY, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ORIGIN, response, virtually } from '../../support/virtual';

/** What one refresh sends, and what it makes of the answer. */
const refresh = (
  options: Partial<OAuthRefreshOptions>,
  answer: unknown,
  grant: TokenGrant = { accessToken: 'T1', refreshToken: 'R1' },
) => {
  const sent: unknown[] = [];
  const http = createApi({
    baseUrl: ORIGIN,
    transport: ({ method, url, headers, body }) => {
      sent.push([method, url, headers['content-type'], headers.authorization, body]);
      return of(response(200, answer));
    },
  });
  const session = createSession({
    store: memoryStore(grant),
    refresh: oauthRefresh(http, { url: '/token', clientId: 'shop', ...options }),
  });
  const fates: (Tokens | string)[] = [];
  session.refresh$().subscribe({ next: (tokens) => fates.push(tokens), error: ({ code }) => fates.push(code) });
  return { sent, fates };
};

const FORM = 'application/x-www-form-urlencoded;charset=UTF-8';

describe('oauthRefresh', () => {
  it('leaves out an empty secret or scope, as of a variable that is not set', () => {
    const { sent } = refresh({ clientSecret: '', scope: '' }, { access_token: 'T2' });
    expect(sent).toMatchObject([
      ['POST', `${ORIGIN}/token`, FORM, undefined, 'grant_type=refresh_token&refresh_token=R1&client_id=shop'],
    ]);
  });

  it('asks as RFC 6749 section 6 says, without a token of its own', () => {
    const { sent } = refresh({}, { access_token: 'T2' });
    expect(sent).toEqual([
      ['POST', `${ORIGIN}/token`, FORM, undefined, 'grant_type=refresh_token&refresh_token=R1&client_id=shop'],
    ]);
  });

  it('adds a secret and a scope where there are any', () => {
    const { sent } = refresh({ clientSecret: 'a&b', scope: 'one two' }, { access_token: 'T2' });
    expect(sent.flat().at(-1)).toMatch(/&client_secret=a%26b&scope=one\+two$/);
  });

  it.each([3600, '3600'])('takes expires_in for seconds: %o', (expires_in) => {
    virtually(() => {
      const { fates } = refresh({}, { access_token: 'T2', refresh_token: 'R2', expires_in });
      expect(fates).toMatchObject([{ accessToken: 'T2', refreshToken: 'R2', expiresAtMs: 3_600_000 }]);
    });
  });

  it('keeps the refresh token, and knows no expiry, where the answer has none', () => {
    const { fates } = refresh({}, { access_token: 'T2' });
    expect(fates).toMatchObject([{ accessToken: 'T2', refreshToken: 'R1' }]);
    expect(fates[0]).not.toHaveProperty('expiresAtMs');
  });

  it.each([null, 'text', {}, { error: 'invalid_client' }, { code: 1003 }])(
    'makes a failure that may pass of an answer without a token: %o',
    (answer) => {
      expect(refresh({}, answer).fates).toEqual(['refresh']);
    },
  );

  it('ends the session for invalid_grant, also with a status of 200', () => {
    expect(refresh({}, { error: 'invalid_grant' }).fates).toEqual(['session-expired']);
  });

  it('adds more parameters after its own', () => {
    const params = { resource: 'https://api.test/a b', organization: '' };
    const { sent } = refresh({ scope: 'one', params }, { access_token: 'T2' });
    expect(sent.flat().at(-1)).toMatch(
      /&client_id=shop&scope=one&resource=https%3A%2F%2Fapi.test%2Fa\+b&organization=$/,
    );
  });

  it.each(['grant_type', 'refresh_token', 'client_id', 'client_secret', 'scope'])(
    'refuses %s among them, which is its own',
    (name) => {
      const make = () =>
        oauthRefresh({ post$: () => EMPTY }, { url: '/token', clientId: 'shop', params: { [name]: 'a' } });
      const expected = 'strings, and none of grant_type, refresh_token, client_id, client_secret, scope';
      expect(make).toThrow(new TypeError(`params: expected ${expected}`));
    },
  );

  it('ends the session, and asks no one, where there is no refresh token', () => {
    const { sent, fates } = refresh({}, { access_token: 'T2' }, { accessToken: 'T1' });
    expect(fates).toEqual(['session-expired']);
    expect(sent).toEqual([]);
  });
});

it('marks its request as one without a token, for a client of any kind', () => {
  const asked: unknown[] = [];
  const http = {
    post$: <T>(...args: unknown[]) => {
      asked.push(args[2]);
      return of(null as T); // what a server may answer
    },
  };
  const renew = oauthRefresh(http, { url: '/token', clientId: 'shop' });
  const grants: unknown[] = [];
  renew({ accessToken: 'T1', refreshToken: 'R1', sessionId: 's' }).subscribe((grant) => grants.push(grant));
  expect(asked).toEqual([{ auth: false }]);
  expect(grants).toEqual([null]);
});

it('says why it asks no one', () => {
  const renew = oauthRefresh({ post$: () => EMPTY }, { url: '/token', clientId: 'shop' });
  const ask = () => renew({ accessToken: 'T1', sessionId: 's' });
  expect(ask).toThrow('there is no refresh token');
});
