import type { Tokens } from 'renewal';
import { describe, expect, it } from 'vitest';
import { createSessionId, digestOf, laterId } from '../../../lib/session/state/session-id';
import { reconcile, type Standing } from '../../../lib/session/store/precedence';

const EARLIER = createSessionId(1_000);
const MINE = createSessionId(2_000);
const LATER = createSessionId(3_000);

const tokens = (accessToken: string, sessionId = '', revision?: number): Tokens => ({
  accessToken,
  refreshToken: accessToken.replace('T', 'R'),
  sessionId,
  ...(revision !== undefined && { revision }),
});

const mine = tokens('T2', MINE, 2);
const replaced = tokens('T1', MINE, 1);

/**
 * What a session knows when it reads. A hint of `changes$` leads to a read, and so needs no column.
 */
const STANDINGS: Record<string, Standing> = {
  'no tokens': { mine: undefined, replaced: null },
  'signed in': { mine, replaced },
  'signed in, write failed': { mine, replaced, isOwed: true },
  'signed in, write failed, never read': { mine, replaced: undefined, isOwed: true },
  'signed out': { mine, replaced, endedBy: 'sign-out' },
  'signed out, clear failed': { mine, replaced, endedBy: 'sign-out', isOwed: true },
  refused: { mine, replaced, endedBy: 'refused' },
  'refused, clear failed': { mine, replaced, endedBy: 'refused', isOwed: true },
};

/** What the store may hold, as seen from revision 2 of its second sign-in. */
const FOUND: Record<string, Tokens | null | undefined> = {
  nothing: null,
  lost: undefined,
  'an earlier sign-in, revision 9': tokens('T9', EARLIER, 9),
  'an earlier sign-in, revision 1': tokens('T9', EARLIER, 1),
  'an earlier sign-in, no revision': tokens('T9', EARLIER),
  'a later sign-in, revision 1': tokens('T9', LATER, 1),
  'a later sign-in, same token': tokens('T2', LATER, 1),
  'revision 1': replaced,
  'revision 2': mine,
  'revision 2, another token': tokens('T9', MINE, 2),
  'revision 3': tokens('T9', MINE, 3),
  'revision 3, same token': tokens('T2', MINE, 3),
  'no revision, same token': tokens('T2', MINE),
  'no revision, same token, new refresh token': { ...tokens('T2', MINE), refreshToken: 'R9' },
  'no revision, replaced token': tokens('T1', MINE),
  'no revision, another token': tokens('T9', MINE),
  'foreign, same token': tokens('T2', digestOf('T2')),
  'foreign, replaced token': tokens('T1', digestOf('T1')),
  'foreign, another token': tokens('T9', digestOf('T9')),
};

const TABLE = `
found                                      | no tokens | signed in  | signed in, write failed | signed in, write failed, never read | signed out | signed out, clear failed | refused | refused, clear failed
nothing                                    | nothing   | signed-out | nothing                 | nothing                             | nothing    | nothing                  | nothing | nothing
lost                                       | nothing   | write      | write                   | write                               | nothing    | nothing                  | nothing | nothing
an earlier sign-in, revision 9             | adopt     | write      | write                   | write                               | write      | write                    | write   | write
an earlier sign-in, revision 1             | adopt     | write      | write                   | write                               | adopt      | write                    | adopt   | write
an earlier sign-in, no revision            | adopt     | write      | write                   | write                               | write      | write                    | write   | write
a later sign-in, revision 1                | adopt     | adopt      | adopt                   | adopt                               | adopt      | adopt                    | adopt   | adopt
a later sign-in, same token                | adopt     | adopt      | adopt                   | adopt                               | adopt      | adopt                    | adopt   | adopt
revision 1                                 | adopt     | write      | write                   | write                               | write      | write                    | write   | write
revision 2                                 | adopt     | same       | same                    | same                                | write      | write                    | write   | write
revision 2, another token                  | adopt     | adopt      | adopt                   | adopt                               | write      | write                    | adopt   | adopt
revision 3                                 | adopt     | adopt      | adopt                   | adopt                               | write      | write                    | adopt   | adopt
revision 3, same token                     | adopt     | adopt      | adopt                   | adopt                               | write      | write                    | adopt   | adopt
no revision, same token                    | adopt     | same       | same                    | same                                | write      | write                    | write   | write
no revision, same token, new refresh token | adopt     | adopt      | adopt                   | adopt                               | write      | write                    | adopt   | adopt
no revision, replaced token                | adopt     | write      | write                   | write                               | write      | write                    | write   | write
no revision, another token                 | adopt     | adopt      | adopt                   | write                               | write      | write                    | adopt   | adopt
foreign, same token                        | adopt     | same       | same                    | same                                | adopt      | write                    | write   | write
foreign, replaced token                    | adopt     | adopt      | write                   | write                               | adopt      | write                    | adopt   | write
foreign, another token                     | adopt     | adopt      | adopt                   | write                               | adopt      | adopt                    | adopt   | adopt
`;

const [head = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));
const cells = rows.flatMap(([found = '', ...verdicts]) =>
  verdicts.map((verdict, index) => ({ found, standing: head[index + 1] ?? '', verdict })),
);

describe('reconcile', () => {
  it('has a verdict for every standing and every content of a store', () => {
    expect(rows.map(([found]) => found)).toEqual(Object.keys(FOUND));
    expect(head.slice(1)).toEqual(Object.keys(STANDINGS));
  });

  it.each(cells)('returns $verdict for $standing, found $found', ({ found, standing, verdict }) => {
    expect(reconcile(STANDINGS[standing] ?? { mine: undefined }, FOUND[found])).toBe(verdict);
  });

  it.each(['custom-1', 'k3j2h1g9', ''])('adopts the tokens in the store if an id has no order: %j', (sessionId) => {
    expect(reconcile({ mine, replaced }, tokens('T9', sessionId, 1))).toBe('adopt');
    expect(reconcile({ mine: tokens('T2', sessionId, 5), replaced }, tokens('T9', EARLIER, 1))).toBe('adopt');
  });

  it('counts a refresh of the replaced session as older, even if ids have no order', () => {
    const old = tokens('T1', 'from an older version', 3);
    const found = tokens('T9', old.sessionId, 4);
    expect(reconcile({ mine, replaced: old, previousId: old.sessionId }, found)).toBe('write');
    expect(reconcile({ mine, replaced: old, previousId: old.sessionId }, tokens('T9', 'another', 4))).toBe('adopt');
  });

  it('writes over the tokens of a given-up sign-in after the next sign-in', () => {
    const found = tokens('T1', digestOf('T1'));
    expect(reconcile({ mine, replaced: null, late: [tokens('T1', EARLIER, 1)] }, found)).toBe('write');
  });

  it('writes over the tokens of a given-up sign-in after the sign-out', () => {
    const found = tokens('T2', digestOf('T2'));
    expect(reconcile({ mine, replaced, endedBy: 'sign-out', late: [mine] }, found)).toBe('write');
    const former = tokens('T0', EARLIER, 1);
    expect(reconcile({ mine, replaced, endedBy: 'sign-out', late: [former] }, former)).toBe('write');
  });

  it('writes over a late grant of this sign-in, also without revisions', () => {
    const spent = tokens('T1', MINE);
    const other = tokens('T0', EARLIER);
    expect(reconcile({ mine, replaced: other, isOwed: true, late: [spent] }, spent)).toBe('write');
    expect(reconcile({ mine, replaced: other, late: [spent] }, spent)).toBe('write');
  });

  it('writes over a refresh of the replaced session after a failed write', () => {
    const former = tokens('T0', 'first', 1);
    const refreshed = tokens('T1', 'first', 2);
    expect(reconcile({ mine, replaced: former, isOwed: true, previousId: EARLIER }, refreshed)).toBe('write');
    expect(reconcile({ mine, replaced: former, previousId: EARLIER }, refreshed)).toBe('adopt');
  });

  it('adopts the same token if its writer has a session id', () => {
    const legacy = tokens('T2', digestOf('T2'));
    expect(reconcile({ mine: legacy, replaced: null }, mine)).toBe('adopt');
    expect(reconcile({ mine: legacy, replaced: null }, tokens('T2', 'custom'))).toBe('adopt');
    expect(reconcile({ mine, replaced }, legacy)).toBe('same');
  });

  it('counts the same token after a sign-out as a sign-in, if no id has an order', () => {
    const legacy = tokens('T2', digestOf('T2'));
    const standing: Standing = { mine: legacy, replaced: null, endedBy: 'sign-out' };
    expect(reconcile(standing, legacy)).toBe('adopt');
    expect(reconcile({ ...standing, isOwed: true }, legacy)).toBe('write');
    expect(reconcile({ ...standing, endedBy: 'refused' }, legacy)).toBe('write');
    expect(reconcile(standing, tokens('T3', legacy.sessionId, 1))).toBe('write');
  });

  it('adopts no tokens that a sign-out before the first read failed to clear', () => {
    const standing: Standing = { mine: undefined, endedBy: 'sign-out', isOwed: true };
    expect(reconcile(standing, mine)).toBe('write');
    expect(reconcile({ ...standing, replaced: mine }, mine)).toBe('write');
    expect(reconcile({ ...standing, replaced: mine }, tokens('T9', LATER, 1))).toBe('adopt');
    expect(reconcile({ ...standing, isOwed: false }, mine)).toBe('adopt');
    expect(reconcile(standing, null)).toBe('nothing');
  });

  it('counts tokens without a revision as older than a first grant', () => {
    const old = tokens('T1', 'from an older version');
    expect(reconcile({ mine: old, replaced: null }, { ...tokens('T2', old.sessionId), revision: 1 })).toBe('adopt');
    expect(reconcile({ mine: { ...tokens('T2', old.sessionId), revision: 1 }, replaced: old }, old)).toBe('write');
  });

  it('counts a refresh token kept alone as newer than an older grant', () => {
    const mine: Tokens = { ...tokens('T2', EARLIER, 2), refreshToken: 'R2' };
    const alone: Tokens = { ...mine, accessToken: '' };
    const standing: Standing = { mine, isOwed: true, replaced: tokens('T1', EARLIER, 1) };
    expect(reconcile(standing, alone)).toBe('same');
    expect(reconcile(standing, { ...alone, refreshToken: 'R9' })).toBe('adopt');
    expect(reconcile({ mine: tokens('T1', EARLIER, 1), replaced: null }, alone)).toBe('adopt');
  });

  it('lets two sessions that read each other agree', () => {
    const all = Object.values(FOUND).filter((each) => each?.revision !== undefined);
    for (const one of all) {
      for (const other of all) {
        if (!one || !other) continue;
        const verdicts = [
          reconcile({ mine: one, replaced: null }, other),
          reconcile({ mine: other, replaced: null }, one),
        ];
        // One session gives way. Both do only if a lock was missing: then the tokens in the store count.
        const isTie = one.sessionId === other.sessionId && one.revision === other.revision;
        expect(verdicts.filter((verdict) => verdict === 'adopt').length).toBe(
          isTie ? (one.accessToken === other.accessToken ? 0 : 2) : 1,
        );
      }
    }
  });
});

describe('the id of a sign-in', () => {
  it('sorts by the time of the sign-in', () => {
    const times = [0, 1, 35, 36, 1_000_000, 1_764_463_840_123, 36 ** 9 - 1];
    const ids = times.map((atMs) => createSessionId(atMs));
    expect([...ids].sort()).toEqual(ids);
  });

  it('differs from others of the same millisecond', () => {
    expect(new Set(Array.from({ length: 100 }, () => createSessionId(5))).size).toBe(100);
  });

  it('is later than an id that this session has seen, even if the clock was set back', () => {
    const seen = createSessionId(9_000);
    expect(createSessionId(5, seen) > seen).toBe(true);
    expect(createSessionId(5, 'custom') < seen).toBe(true);
  });

  it('is compared only with ids of its own form', () => {
    const [one = '', other = ''] = [1, 2].map((atMs) => createSessionId(atMs));
    expect(laterId(one, other)).toBe(other);
    expect(laterId(other, one)).toBe(other);
    expect(laterId(one, 'zzz')).toBe(one);
    expect(laterId('', one)).toBe(one);
  });
});

describe('the digest of a token', () => {
  it('is short, shows nothing of the token, and differs from other digests', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => digestOf(`token ${index}`));
    expect(new Set(names).size).toBe(1_000);
    expect(names.every((name) => /^[0-9a-z]{1,7}$/.test(name))).toBe(true);
    expect(digestOf('')).toBe(digestOf(''));
  });
});
