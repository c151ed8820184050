import type { SessionState } from 'renewal';
import { REFUSALS } from '../answers';
import { codeOf, nameOf } from '../callers';
import type { Caller, Invariant, Member } from '../happenings';
import type { Wish } from '../plan';
import { familyOf } from '../server';
import { familyIn, hasTokens, isAlive } from '../view';

/** Wishes that wait for no session. */
const BESIDE: readonly Wish[] = ['public', 'own header', 'foreign'];

/**
 * Only a definite refusal of the refresh token ends the session. Every other failure is transient: the session stays,
 * and the next refresh waits.
 */
export const onlyRefusal: Invariant = {
  number: 5,
  watch: (world) => {
    const { platform } = world;
    const refused = new Map<Member, Set<string>>();
    /** Generations of tokens whose newest refresh was refused. */
    const dead = new Set<string>();
    const keyOf = ({ index }: Member, { generation }: SessionState): string => `${index} ${generation}`;
    let signOuts = 0;

    const countOf = (member: Member, reason: string): number =>
      member.view.states.filter((state) => state.status === 'signed-out' && state.reason === reason).length;

    const whyEnded = (member: Member, state: SessionState, before: SessionState): string | false => {
      if (state.status !== 'signed-out') return false;
      if (state.reason === 'none') return before.status !== 'loading' && `it is signed out with reason none`;
      if (state.reason === 'session-expired')
        return !dead.has(keyOf(member, before)) && 'the session ends although its refresh was not refused';
      const isClearedByOther = world.shelf.writes.some((write) => !write.tokens && write.member !== member.index);
      return (
        !isClearedByOther && countOf(member, 'sign-out') > signOuts && 'the session ends although no user signed out'
      );
    };
    const whyKept = (member: Member, state: SessionState, before: SessionState): string | false =>
      before.status === 'refreshing' &&
      state.status !== 'refreshing' &&
      state.generation === before.generation &&
      dead.has(keyOf(member, before)) &&
      !world.faults.some(({ hook }) => hook === 'isRefused' || hook === 'isExpired') &&
      'the session goes on although its refresh was refused';

    /** `onSessionExpired` is called once for each expired session, unless another session has begun before the call. */
    const isMiscalled = (member: Member): boolean => {
      const count = countOf(member, 'session-expired');
      return member.expired > count || (world.reactions === 0 && member.expired < count);
    };

    const whyWrongCode = (caller: Caller): string | false => {
      const { member, family, wish, looks, isBeingSubscribed } = caller;
      const code = codeOf(caller);
      // A caller that waits for tokens belongs to the session that a read in this same tick has found.
      const isOther = isBeingSubscribed && wish !== 'request' && looks !== world.shelf.looks;
      if (!family || isOther) return false;
      if (code === 'session-expired') return !refused.get(member)?.has(family) && 'session-expired';
      // Without ids in the store, tokens that another session has refreshed are another session.
      const isKnown = world.setup.keeps !== 'two entries';
      return isKnown && code === 'signed-out' && familyIn(member.session.state) === family && `signed-out (${wish})`;
    };

    return {
      notes: {
        changing: (_, how) => {
          if (how !== 'sign in') signOuts++;
        },
        calling: ({ member }) => {
          dead.delete(keyOf(member, member.session.state));
        },
        renewing: ({ member, tokens }, said) => {
          if (said in REFUSALS) dead.add(keyOf(member, member.session.state));
          const families = [familyOf(tokens?.accessToken), familyIn(member.session.state)];
          for (const family of families) {
            if (said in REFUSALS && family) refused.set(member, (refused.get(member) ?? new Set()).add(family));
          }
        },
      },
      checks: {
        told: (caller) => {
          const why = whyWrongCode(caller);
          return why && `${nameOf(caller)} wrongly gets the error ${why}`;
        },
        published: (member, state, before) => {
          if (!before) return false;
          const isStart = state.status === 'refreshing' && before.status !== 'refreshing';
          if (isStart && member.view.isCooling(before, platform.nowMs))
            return 'a refresh does not wait after a failure';
          return whyEnded(member, state, before) || whyKept(member, state, before);
        },
        asked: (caller) => {
          const { before, member, wish, family } = caller;
          if (BESIDE.includes(wish) || !world.isForetold(caller) || !hasTokens(before) || family !== familyIn(before))
            return false;
          const isGood = wish !== 'refresh$' && isAlive(before, platform.nowMs);
          const mustFail = before.status !== 'refreshing' && !isGood && member.view.isCooling(before, platform.nowMs);
          return (
            mustFail && codeOf(caller) !== 'refresh' && `${nameOf(caller)} does not fail while the refresh has to wait`
          );
        },
        settled: () => {
          if (!world.setup.isWatched) return false;
          const member = world.members.find(isMiscalled);
          return member && `onSessionExpired is called ${member.expired} times`;
        },
      },
    };
  },
};
