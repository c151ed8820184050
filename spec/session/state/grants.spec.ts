import { describe, expect, it } from 'vitest';
import { MalformedGrantError, toStored, toTokens } from '../../../lib/session/state/grants';
import { digestOf } from '../../../lib/session/state/session-id';
import type { Tokens } from '../../../lib/session/state/session-state';

const NOW = 1_000_000;
const SESSION = { sessionId: 's' };

/** A JWT with this payload. Its signature is not checked. */
const jwt = (payload: object): string => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.sig`;

describe('tokens from a grant', () => {
  it('have the fields of the grant, and the time of their expiry', () => {
    const grant = { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 5_000 };
    expect(toTokens(grant, SESSION, NOW)).toEqual({
      accessToken: 'T1',
      refreshToken: 'R1',
      expiresAtMs: NOW + 5_000,
      sessionId: 's',
      revision: 1,
    });
  });

  it('keep the session, and the refresh token if the grant has none', () => {
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
    ['those of the grant', { user: 'new' }, { user: 'new' }],
    ['the previous ones, if the grant has none', undefined, { user: 'old' }],
    ['the previous ones, if the grant has null', null, { user: 'old' }],
    ['none, if the grant has an empty object', {}, {}],
  ])('have as extras %s', (_, extras, wanted) => {
    const previous = { sessionId: 's', extras: { user: 'old' } };
    expect(toTokens({ accessToken: 'T2', extras }, previous, NOW).extras).toEqual(wanted);
  });

  it.each([
    ['an array', ['a']],
    ['a text', 'a'],
    ['a date', new Date(0)],
  ])('have no extras of a wrong kind: %s', (_, extras) => {
    const make = () => toTokens({ accessToken: 'T2', extras }, SESSION, NOW, 'refresh');
    expect(make).toThrow(new MalformedGrantError('refresh: extras: expected an object'));
    expect(toStored({ accessToken: 'T2', sessionId: 's', extras } as unknown as Tokens)).toEqual({
      accessToken: 'T2',
      ...SESSION,
    }); // of a store that another program has written
  });

  it('keep the extras of a store', () => {
    const stored = { accessToken: 'T2', sessionId: 's', extras: { user: 'ann' } };
    expect(toStored(stored)).toEqual(stored);
  });

  it.each([
    [undefined, 1],
    [-1, 0],
    [0, 1],
    [41, 42],
  ])('raise the revision from %s to %d', (revision, raised) => {
    expect(toTokens({ accessToken: 'T2' }, { ...SESSION, ...(revision !== undefined && { revision }) }, NOW)).toEqual({
      accessToken: 'T2',
      ...SESSION,
      revision: raised,
    });
  });

  it.each([0, -1, NaN, Infinity, null, '5000', {}])('do not expire if expiresInMs is %s', (expiresInMs) => {
    expect(toTokens({ accessToken: 'T1', expiresInMs }, SESSION, NOW)).toEqual({
      accessToken: 'T1',
      ...SESSION,
      revision: 1,
    });
  });

  it('live as long as a JWT says, whatever the clock of its server', () => {
    expect(toTokens({ accessToken: jwt({ iat: 7, exp: 67 }) }, SESSION, NOW).expiresAtMs).toBe(NOW + 60_000);
    expect(toTokens({ accessToken: jwt({ iat: 7, exp: 67 }), expiresInMs: 1 }, SESSION, NOW).expiresAtMs).toBe(NOW + 1);
    expect(toTokens({ accessToken: jwt({ iat: 7, exp: 67 }), expiresInMs: 0 }, SESSION, NOW).expiresAtMs).toBe(
      NOW + 60_000,
    );
  });

  it('live from `nbf` to `exp` if a JWT has no `iat`', () => {
    expect(toTokens({ accessToken: jwt({ nbf: 7, exp: 67 }) }, SESSION, NOW).expiresAtMs).toBe(NOW + 60_000);
    expect(toTokens({ accessToken: jwt({ iat: 37, nbf: 7, exp: 67 }) }, SESSION, NOW).expiresAtMs).toBe(NOW + 30_000);
  });

  it('live until `exp` if a JWT has nothing else', () => {
    expect(toTokens({ accessToken: jwt({ exp: 1_060 }) }, SESSION, NOW).expiresAtMs).toBe(NOW + 60_000);
    expect(toTokens({ accessToken: jwt({ iat: null, nbf: null, exp: 1_060 }) }, SESSION, NOW).expiresAtMs).toBe(
      NOW + 60_000,
    );
  });

  it.each([1_000, 999, 67, 0, -1])('have no expiry if our clock is past an `exp` of %d', (exp) => {
    expect(toTokens({ accessToken: jwt({ exp }) }, SESSION, NOW)).not.toHaveProperty('expiresAtMs');
  });

  it.each([
    { exp: 67 },
    { nbf: 67 },
    { nbf: 67, exp: 7 },
    { nbf: 'soon', exp: 67 },
    { iat: 67 },
    { iat: 67, exp: 67 },
    { iat: 67, exp: 7 },
    { iat: 7, exp: 'soon' },
    {},
  ])('do not expire if a JWT says %j', (payload) => {
    expect(toTokens({ accessToken: jwt(payload) }, SESSION, NOW)).not.toHaveProperty('expiresAtMs');
  });

  it.each([
    [null, 'Null'],
    [undefined, 'Undefined'],
    ['T1', 'String'],
    [7, 'Number'],
    [['T1'], 'Array'],
    [new Response('{}'), 'Response'],
    [new Map([['accessToken', 'T1']]), 'Map'],
    [Promise.resolve(), 'Promise'],
    [{ [Symbol.toStringTag]: 'T1' }, '…'],
    [{}, 'keys: none'],
    [Object.create(null), 'keys: none'],
    [{ accessToken: '' }, 'keys: accessToken'],
    [{ accessToken: null, refreshToken: 'R1' }, 'keys: accessToken, refreshToken'],
    [{ access_token: 'T1', expires_in: 60 }, 'keys: access_token, expires_in'],
    [{ data: {}, status: 200, headers: {}, config: {}, request: {} }, 'keys: data, status, headers, config, request'],
    [{ T1: 1, 'a.access.2': 1, 'a\nb': 1, ['a'.repeat(41)]: 1, '$a-b_': 1 }, 'keys: …, …, …, …, $a-b_'],
    [Object.fromEntries([...'abcdefghijkl'].map((key) => [key, 1])), 'keys: a, b, c, d, e, f, g, h, i, j'],
  ])('are refused if there is no access token, and no value is quoted: %#', (grant, shape) => {
    const missing = `refresh: no accessToken in what it emitted (${shape})`;
    expect(() => toTokens(grant, SESSION, NOW, 'refresh')).toThrow(new MalformedGrantError(missing));
  });

  it.each([
    [{ accessToken: 7 }, 'accessToken'],
    [{ accessToken: ['T1'] }, 'accessToken'],
    [{ accessToken: 'T\n1' }, 'accessToken'],
    [{ accessToken: 'T1\n' }, 'accessToken'],
    [{ accessToken: '\x7fT1' }, 'accessToken'],
    [{ accessToken: 'Tö' }, 'accessToken'],
    [{ accessToken: 'T1', refreshToken: 7 }, 'refreshToken'],
    [{ accessToken: 'T1', refreshToken: 'R\n1' }, 'refreshToken'],
  ])('are refused if a token cannot travel in a header: %#', (grant, field) => {
    const wrong = `refresh: ${field}: expected a string of printable ASCII`;
    expect(() => toTokens(grant, SESSION, NOW, 'refresh')).toThrow(new MalformedGrantError(wrong));
  });

  it('name the function that was given no grant, in the error', () => {
    const missing = 'signIn: no accessToken in what it was given (keys: token)';
    expect(() => toTokens({ token: 'T1' }, SESSION, NOW, 'signIn')).toThrow(new MalformedGrantError(missing));
  });
});

describe('tokens from a store', () => {
  it('are copied field by field', () => {
    const stored = { accessToken: 'T1', refreshToken: 'R1', expiresAtMs: NOW, sessionId: 's', revision: 3 };
    expect(toStored({ ...stored, other: 1 } as Tokens)).toEqual(stored);
  });

  it('need only an access token', () => {
    // What another program wrote.
    const stored = { accessToken: 'T1', refreshToken: null, expiresAtMs: 'soon' } as unknown as Tokens;
    const sessionId = digestOf('T1');
    expect(toStored(stored)).toEqual({ accessToken: 'T1', sessionId });
    expect(toStored({ ...stored, refreshToken: '', sessionId: '' })).toEqual({ accessToken: 'T1', sessionId });
  });

  it('count as expired if they have a refresh token or a session id only', () => {
    const alone = { accessToken: '', refreshToken: 'R1', sessionId: 's', revision: 2 };
    expect(toStored(alone)).toEqual({ ...alone, expiresAtMs: 1 });
    expect(toStored({ accessToken: '', sessionId: 's' })).toEqual({ accessToken: '', sessionId: 's', expiresAtMs: 1 });
  });

  it.each([1.5, Number.NaN, '2', null])('have no revision if the stored one is %j', (revision) => {
    const stored = { accessToken: 'T1', sessionId: 's', revision } as Tokens; // what another program may write
    expect(toStored(stored)).toEqual({ accessToken: 'T1', sessionId: 's' });
  });

  it('throw a MalformedGrantError if they are malformed', () => {
    expect(() => toStored({ refreshToken: 'R1' } as Tokens)).toThrow(MalformedGrantError);
  });
});
