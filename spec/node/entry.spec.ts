import type { Tokens } from 'renewal';
import { describe, expect, it } from 'vitest';
import { type Entry, hasPrecedence, parseEntry, signOutOf, stringifyEntry, tokensOf } from '../../lib/node/entry';

const DAY_MS = 86_400_000;
const FIRST = '0aaaaaaaa.x';
const SECOND = '0bbbbbbbb.x';

const tokens = (sessionId: string, revision?: number, accessToken = 'A'): Tokens => ({
  accessToken,
  sessionId,
  ...(revision !== undefined && { revision }),
});
const signedOut = (sessionId: string, atMs = 0): Entry => ({ signedOut: { sessionId, atMs } });

describe('which of two entries has precedence', () => {
  it.each<[string, Entry, Tokens, boolean, isKnown?: boolean]>([
    ['a higher revision of the session', { tokens: tokens(FIRST, 3) }, tokens(FIRST, 2), true],
    ['other tokens of the same revision', { tokens: tokens(FIRST, 3, 'B') }, tokens(FIRST, 3), true],
    ['the same tokens', { tokens: tokens(FIRST, 3) }, tokens(FIRST, 3), false],
    ['a lower revision', { tokens: tokens(FIRST, 2) }, tokens(FIRST, 3), false],
    ['a later session', { tokens: tokens(SECOND, 1) }, tokens(FIRST, 9), true],
    ['an earlier session', { tokens: tokens(FIRST, 9) }, tokens(SECOND, 2), false],
    ['a later session, over a sign-in', { tokens: tokens(SECOND, 1) }, tokens(FIRST, 1), false],
    ['a session whose id has no order', { tokens: tokens('other', 9) }, tokens(FIRST, 2), false],
    ['tokens without a revision', { tokens: tokens(FIRST) }, tokens(FIRST, 2), false],
    ['the sign-out of the session', signedOut(FIRST), tokens(FIRST, 2), true],
    ['the sign-out of a later session', signedOut(SECOND), tokens(FIRST, 2), true],
    ['the sign-out of an earlier session', signedOut(FIRST), tokens(SECOND, 2), false],
    ['the sign-out of the session, over a sign-in', signedOut(FIRST), tokens(FIRST, 1), false],
    ['a later session, over a sign-in written again', { tokens: tokens(SECOND, 1) }, tokens(FIRST, 1), true, true],
    ['the sign-out of the session, over a sign-in written again', signedOut(FIRST), tokens(FIRST, 1), true, true],
    ['the sign-out of an earlier one, over a sign-in written again', signedOut(FIRST), tokens(SECOND, 1), false, true],
    ['a sign-out of a day ago', signedOut(FIRST, -DAY_MS), tokens(FIRST, 2), false],
    ['a sign-out in the future, by a clock set back', signedOut(FIRST, 2 * DAY_MS), tokens(FIRST, 2), false],
  ])('%s', (_name, held, saved, expected, isKnown = false) => {
    expect(hasPrecedence(held, saved, isKnown, 0)).toBe(expected);
  });
});

describe('the sign-out of an entry', () => {
  it.each<[string, Entry | undefined, string, string]>([
    ['the session that it replaces', { tokens: tokens(FIRST, 3) }, '', FIRST],
    ['a later session that the process knows', { tokens: tokens(FIRST, 3) }, SECOND, SECOND],
    ['a session that only the process knows', undefined, FIRST, FIRST],
    ['the later one of two sign-outs', signedOut(SECOND), FIRST, SECOND],
  ])('names %s', (_name, held, known, expected) => {
    expect(signOutOf(held, known, 5)).toEqual(signedOut(expected, 5));
  });

  it('counts for a day', () => {
    expect(tokensOf(signedOut(FIRST), DAY_MS - 1)).toBeNull();
    expect(tokensOf(signedOut(FIRST), DAY_MS)).toBeUndefined();
  });
});

describe('the text of an entry', () => {
  it.each<[string, Entry]>([
    ['tokens', { tokens: { ...tokens(FIRST, 3), refreshToken: 'R', expiresAtMs: 5, extras: { a: [null] } } }],
    ['a sign-out', signedOut(FIRST, 7)],
  ])('is parsed to %s', (_name, entry) => {
    expect(parseEntry(stringifyEntry(entry))).toEqual(entry);
  });

  it.each([
    '',
    'secret',
    'null',
    '[]',
    '{}',
    '{"version":1}',
    '{"version":1,"tokens":{"accessToken":"secret"}}',
    '{"version":1,"signedOut":{"sessionId":"secret"}}',
    '{"version":"secret","tokens":{"accessToken":"A","sessionId":"s"}}',
  ])('is refused without being quoted: %s', (text) => {
    expect(() => parseEntry(text)).toThrow(/^path: expected a file that fileStore has written$/);
  });

  it('is refused if a later version has written it', () => {
    expect(() => parseEntry('{"version":2,"secret":1}')).toThrow(
      /^path: expected a file that this version of fileStore knows$/,
    );
  });
});
