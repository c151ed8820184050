import { createSession, memoryStore, type TokenGrant } from 'renewal';
import { map, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Outcome, outcomeOf, shownOf, unhandledBy } from '../support/http-client';
import { virtually } from '../support/virtual';
import { full, itIsExclusive, itIsFollowed, itKeepsTokens } from './laws';

describe('memoryStore', () => {
  itKeepsTokens(() => memoryStore());
  itIsFollowed(() => memoryStore());
  itIsExclusive(() => memoryStore());

  it('begins with the tokens of its initial grant, in a new session', () => {
    virtually(() => {
      const [one, other] = [memoryStore({ accessToken: 'T1', refreshToken: 'R1', expiresInMs: 9 }), memoryStore(full)];
      expect(one.load()).toEqual({
        accessToken: 'T1',
        refreshToken: 'R1',
        expiresAtMs: 9,
        sessionId: expect.stringMatching(/./),
        revision: 1,
      });
      expect(one.load()).not.toMatchObject({ sessionId: Object(other.load()).sessionId });
    });
  });

  it.each<[string, unknown]>([
    ['an empty token', { accessToken: '' }],
    ['no token', {}],
    ['a token that is no string', { accessToken: 1 }],
    ['a token that no header can hold', { accessToken: 'secret\n' }],
    ['a refresh token that is no string', { accessToken: 'secret', refreshToken: 1 }],
    ['a string', 'secret'],
    ['an array', ['secret']],
  ])('throws a TypeError for %s as its initial grant, without quoting it', (_, initial) => {
    const create = () => memoryStore(initial as TokenGrant); // what plain JavaScript may pass
    expect(create).toThrow(TypeError);
    expect(create).toThrow(expect.not.stringContaining('secret'));
  });

  it('shares nothing with another memoryStore', () => {
    const one = memoryStore();
    one.save(full);
    expect(memoryStore().load()).toBeNull();
  });

  it('shows no token when it is printed', () => {
    expect(shownOf(memoryStore({ accessToken: 'hidden', refreshToken: 'hidden' }))).not.toContain('hidden');
  });

  it.each([2, 50, 1_000])('lets %d sessions that share it refresh once, and all get the tokens', (count) => {
    const store = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
    let refreshes = 0;
    const refresh = () => {
      refreshes++;
      return timer(5).pipe(map(() => ({ accessToken: 'T2', refreshToken: 'R2' })));
    };
    let outcomes: Outcome[] = [];
    const unhandled = unhandledBy(() => {
      outcomes = Array.from({ length: count }, () => outcomeOf(createSession({ store, refresh }).refresh$()));
    });
    expect(unhandled).toEqual([]);
    expect(refreshes).toBe(1);
    expect(outcomes.filter(({ isComplete }) => !isComplete)).toHaveLength(0);
    expect(outcomes.every(({ values }) => Object(values[0]).accessToken === 'T2')).toBe(true);
  });
});
