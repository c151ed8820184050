import { createSession, oauthGrant } from 'renewal';
import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';

describe('oauthGrant', () => {
  it.each([
    [{ access_token: 'T1' }, { accessToken: 'T1' }],
    [
      { access_token: 'T1', refresh_token: 'R1', expires_in: 60 },
      { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 60_000 },
    ],
    [
      { access_token: 'T1', expires_in: '3600' },
      { accessToken: 'T1', expiresInMs: 3_600_000 },
    ],
    [{ access_token: 'T1', refresh_token: null, expires_in: null }, { accessToken: 'T1' }],
    [{ access_token: 'T1', refresh_token: '', expires_in: 'soon' }, { accessToken: 'T1' }],
    [{ access_token: 'T1', expires_in: 0 }, { accessToken: 'T1' }],
    [{ access_token: 'T1', expires_in: -1 }, { accessToken: 'T1' }],
    [
      { access_token: 'T1', token_type: 'DPoP', scope: 'a b', id_token: 'I1', user: { name: 'ann' } },
      { accessToken: 'T1', extras: { token_type: 'DPoP', scope: 'a b', id_token: 'I1', user: { name: 'ann' } } },
    ],
  ])('converts %j', (body, grant) => {
    expect(oauthGrant(body)).toStrictEqual(grant);
  });

  it.each([null, undefined, 'text', 7, {}, [], { error: 'invalid_grant' }, { access_token: '', scope: 'a' }])(
    'returns %j unchanged',
    (body) => {
      expect(oauthGrant(body)).toBe(body);
    },
  );

  it('leaves it to the session to name the keys of a body without an access token', async () => {
    const session = createSession({ refresh: () => NEVER });
    await expect(session.signIn(oauthGrant({ error: 'invalid_client', hint: 'hidden' }))).rejects.toThrow(
      new TypeError('signIn: no accessToken in what it was given (keys: error, hint)'),
    );
  });
});
