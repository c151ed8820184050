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

/** Runs one refresh over a server with this response; returns what it sent and how it ended. */
const refresh = (
  options: Partial<OAuthRefreshOptions>,
  body: unknown,
  grant: TokenGrant = { accessToken: 'T1', refreshToken: 'R1' },
) => {
  const sent: unknown[] = [];
  const http = createApi({
    baseUrl: ORIGIN,
    transport: ({ method, url, headers, body: sentBody }) => {
      sent.push([method, url, headers['content-type'], headers.authorization, sentBody]);
      return of(response(200, body));
    },
  });
  const session = createSession({
    store: memoryStore(grant),
    refresh: oauthRefresh(http, { url: '/token', clientId: 'shop', ...options }),
  });
  const outcomes: (Tokens | string)[] = [];
  session.refresh$().subscribe({ next: (tokens) => outcomes.push(tokens), error: ({ code }) => outcomes.push(code) });
  return { sent, outcomes };
};

const FORM = 'application/x-www-form-urlencoded;charset=UTF-8';

describe('oauthRefresh', () => {
  it('omits an empty secret or scope, as an unset variable gives', () => {
    const { sent } = refresh({ clientSecret: '', scope: '' }, { access_token: 'T2' });
    expect(sent).toMatchObject([
      ['POST', `${ORIGIN}/token`, FORM, undefined, 'grant_type=refresh_token&refresh_token=R1&client_id=shop'],
    ]);
  });

  it('sends the request of RFC 6749 section 6, without an access token', () => {
    const { sent } = refresh({}, { access_token: 'T2' });
    expect(sent).toEqual([
      ['POST', `${ORIGIN}/token`, FORM, undefined, 'grant_type=refresh_token&refresh_token=R1&client_id=shop'],
    ]);
  });

  it('sends the secret and the scope if there are any', () => {
    const { sent } = refresh({ clientSecret: 'a&b', scope: 'one two' }, { access_token: 'T2' });
    expect(sent.flat().at(-1)).toMatch(/&client_secret=a%26b&scope=one\+two$/);
  });

  it.each([3600, '3600'])('reads expires_in as seconds: %o', (expires_in) => {
    virtually(() => {
      const { outcomes } = refresh({}, { access_token: 'T2', refresh_token: 'R2', expires_in });
      expect(outcomes).toMatchObject([{ accessToken: 'T2', refreshToken: 'R2', expiresAtMs: 3_600_000 }]);
    });
  });

  it('keeps the refresh token, and no expiry, if the response has neither', () => {
    const { outcomes } = refresh({}, { access_token: 'T2' });
    expect(outcomes).toMatchObject([{ accessToken: 'T2', refreshToken: 'R1' }]);
    expect(outcomes[0]).not.toHaveProperty('expiresAtMs');
  });

  it.each([null, 'text', {}, { error: 'invalid_client' }, { code: 1003 }])(
    'fails transiently if the response has no token: %o',
    (body) => {
      expect(refresh({}, body).outcomes).toEqual(['refresh']);
    },
  );

  it('ends the session for invalid_grant, even with status 200', () => {
    expect(refresh({}, { error: 'invalid_grant' }).outcomes).toEqual(['session-expired']);
  });

  it('sends params after its standard parameters', () => {
    const params = { resource: 'https://api.test/a b', organization: '' };
    const { sent } = refresh({ scope: 'one', params }, { access_token: 'T2' });
    expect(sent.flat().at(-1)).toMatch(
      /&client_id=shop&scope=one&resource=https%3A%2F%2Fapi.test%2Fa\+b&organization=$/,
    );
  });

  it.each(['grant_type', 'refresh_token', 'client_id', 'client_secret', 'scope'])(
    'throws a TypeError for %s in params',
    (name) => {
      const make = () =>
        oauthRefresh({ post$: () => EMPTY }, { url: '/token', clientId: 'shop', params: { [name]: 'a' } });
      const expected = 'strings, and none of grant_type, refresh_token, client_id, client_secret, scope';
      expect(make).toThrow(new TypeError(`params: expected ${expected}`));
    },
  );

  it('keeps the extras that the response leaves out', () => {
    const grants: TokenGrant[] = [];
    const http = { post$: <T>() => of({ access_token: 'T2', token_type: 'Bearer', scope: 'two' } as T) };
    const extras = { id_token: 'I1', scope: 'one' };
    const tokens = { accessToken: 'T1', refreshToken: 'R1', sessionId: 's', extras };
    oauthRefresh(http, { url: '/token', clientId: 'shop' })(tokens).subscribe((grant) => grants.push(grant));
    expect(grants).toEqual([{ accessToken: 'T2', extras: { id_token: 'I1', token_type: 'Bearer', scope: 'two' } }]);
  });

  it('ends the session without a request if there is no refresh token', () => {
    const { sent, outcomes } = refresh({}, { access_token: 'T2' }, { accessToken: 'T1' });
    expect(outcomes).toEqual(['session-expired']);
    expect(sent).toEqual([]);
  });
});

it('oauthRefresh sends its request with auth: false, whatever the client', () => {
  const options: unknown[] = [];
  const http = {
    post$: <T>(...args: unknown[]) => {
      options.push(args[2]);
      return of(null as T); // what a server may send
    },
  };
  const renew = oauthRefresh(http, { url: '/token', clientId: 'shop' });
  const grants: unknown[] = [];
  renew({ accessToken: 'T1', refreshToken: 'R1', sessionId: 's' }).subscribe((grant) => grants.push(grant));
  expect(options).toEqual([{ auth: false }]);
  expect(grants).toEqual([null]);
});

it('oauthRefresh throws an error that says that the refresh token is missing', () => {
  const renew = oauthRefresh({ post$: () => EMPTY }, { url: '/token', clientId: 'shop' });
  const call = () => renew({ accessToken: 'T1', sessionId: 's' });
  expect(call).toThrow('there is no refresh token');
});
