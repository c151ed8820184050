import { describe, expect, it } from 'vitest';
import { MalformedGrantError, toStored, toTokens } from '../../lib/session/grants';
import { digestOf } from '../../lib/session/precedence';
import type { Tokens } from '../../lib/session/state';

const NOW = 1_000_000;
const SESSION = { sessionId: 's' };

/** A JWT whose payload this is; no one checks what it is signed with. */
const jwt = (payload: object): string => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.sig`;

describe('tokens from a grant', () => {
  it('are its own, and say when they expire', () => {
    const grant = { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 5_000 };
    expect(toTokens(grant, SESSION, NOW)).toEqual({
      accessToken: 'T1',
      refreshToken: 'R1',
      expiresAtMs: NOW + 5_000,
      sessionId: 's',
      revision: 1,
    });
  });

  it('keep the session and, where none came, the refresh token', () => {
    const previous = { accessToken: 'T1', refreshToken: 'R1', expiresAtMs: NOW, sessionId: 's' };
    expect(toTokens({ accessToken: 'T2' }, previous, NOW)).toEqual({
      accessToken: 'T2',
      refreshToken: 'R1',
      ...SESSION,
      revision: 1,
    });
    expect(toTokens({ accessToken: 'T2', refreshToken: '' }, previous, NOW).refreshToken).toBe('R1');
    expect(toTokens({ accessToken: 'T2', refreshToken: 'R2' }, previous, NOW).refreshToken).toBe('R2');
  });

  it.each([
    [undefined, 1],
    [-1, 0],
    [0, 1],
    [41, 42],
  ])('raise the revision, from %s to %d', (revision, raised) => {
    expect(toTokens({ accessToken: 'T2' }, { ...SESSION, ...(revision !== undefined && { revision }) }, NOW)).toEqual({
      accessToken: 'T2',
      ...SESSION,
      revision: raised,
    });
  });

  it.each([0, -1, NaN, Infinity, null, '5000', {}])('do not expire where expiresInMs is %s', (expiresInMs) => {
    expect(toTokens({ accessToken: 'T1', expiresInMs }, SESSION, NOW)).toEqual({
      accessToken: 'T1',
      ...SESSION,
      revision: 1,
    });
  });

  it('live as long as a JWT says, whatever its clock', () => {
    expect(toTokens({ accessToken: jwt({ iat: 7, exp: 67 }) }, SESSION, NOW).expiresAtMs).toBe(NOW + 60_000);
    expect(toTokens({ accessToken: jwt({ iat: 7, exp: 67 }), expiresInMs: 1 }, SESSION, NOW).expiresAtMs).toBe(NOW + 1);
    expect(toTokens({ accessToken: jwt({ iat: 7, exp: 67 }), expiresInMs: 0 }, SESSION, NOW).expiresAtMs).toBe(
      NOW + 60_000,
    );
  });

  it.each([{ exp: 67 }, { iat: 67 }, { iat: 67, exp: 67 }, { iat: 67, exp: 7 }, { iat: 7, exp: 'soon' }, {}])(
    'do not expire where a JWT says %j',
    (payload) => {
      expect(toTokens({ accessToken: jwt(payload) }, SESSION, NOW)).not.toHaveProperty('expiresAtMs');
    },
  );

  it.each([
    null,
    undefined,
    'T1',
    {},
    { accessToken: '' },
    { accessToken: 7 },
    { accessToken: ['T1'] },
    { accessToken: 'T\n1' },
    { accessToken: 'T1\n' },
    { accessToken: '\x7fT1' },
    { accessToken: 'Tö' },
    { accessToken: 'T1', refreshToken: 7 },
    { accessToken: 'T1', refreshToken: 'R\n1' },
  ])('are refused, and not quoted, where the grant is malformed: %#', (grant) => {
    expect(() => toTokens(grant, SESSION, NOW)).toThrow(new MalformedGrantError('malformed tokens'));
  });
});

describe('tokens from a store', () => {
  it('are taken over field by field', () => {
    const stored = { accessToken: 'T1', refreshToken: 'R1', expiresAtMs: NOW, sessionId: 's', revision: 3 };
    expect(toStored({ ...stored, other: 1 } as Tokens)).toEqual(stored);
  });

  it('may lack all but the access token', () => {
    // What another program wrote.
    const stored = { accessToken: 'T1', refreshToken: null, expiresAtMs: 'soon' } as unknown as Tokens;
    const sessionId = digestOf('T1');
    expect(toStored(stored)).toEqual({ accessToken: 'T1', sessionId });
    expect(toStored({ ...stored, refreshToken: '', sessionId: '' })).toEqual({ accessToken: 'T1', sessionId });
  });

  it('may be a refresh token alone, or only name a session: past their expiry', () => {
    const alone = { accessToken: '', refreshToken: 'R1', sessionId: 's', revision: 2 };
    expect(toStored(alone)).toEqual({ ...alone, expiresAtMs: 1 });
    expect(toStored({ accessToken: '', sessionId: 's' })).toEqual({ accessToken: '', sessionId: 's', expiresAtMs: 1 });
  });

  it.each([1.5, Number.NaN, '2', null])('have no revision if that is %j', (revision) => {
    const stored = { accessToken: 'T1', sessionId: 's', revision } as Tokens; // what another program may write
    expect(toStored(stored)).toEqual({ accessToken: 'T1', sessionId: 's' });
  });

  it('are refused where they are malformed', () => {
    expect(() => toStored({ refreshToken: 'R1' } as Tokens)).toThrow(MalformedGrantError);
  });
});
