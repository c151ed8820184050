import type { SessionState } from 'renewal';
import { nameOf } from '../callers';
import type { Call, Caller, Invariant, Member } from '../happenings';
import { familyIn, hasTokens } from '../view';

type Status = SessionState['status'];

/**
 * The next statuses of each status. `refreshing` follows itself if the token is rejected during the refresh, and
 * `expired` if its cool-down ends early.
 */
const NEXT: Readonly<Record<Status, readonly Status[]>> = {
  loading: ['active', 'signed-out'],
  'signed-out': ['active'],
  active: ['active', 'expired', 'refreshing', 'signed-out'],
  expired: ['active', 'refreshing', 'signed-out', 'expired'],
  refreshing: ['refreshing', 'active', 'expired', 'signed-out'],
};

const whyNoStep = (before: SessionState, state: SessionState): string | undefined => {
  if (!NEXT[before.status].includes(state.status)) return `${before.status} became ${state.status}`;
  if (before.status === 'expired' && state.status === 'expired' && (!before.retryAtMs || state.retryAtMs)) {
    return 'expired became expired, and no cool-down ended';
  }
  const isSame =
    hasTokens(before) && hasTokens(state) ? before.tokens === state.tokens : hasTokens(before) === hasTokens(state);
  const risen = state.generation - before.generation;
  // A sign-out during the load may have ended a session.
  const isUnknown = before.status === 'loading' && state.status === 'signed-out' && state.reason === 'sign-out';
  return isUnknown || risen === (isSame ? 0 : 1)
    ? undefined
    : `the generation rose by ${risen} from ${before.status} to ${state.status}`;
};

/** The result of a refresh counts only if the session that started it is still there. */
export const sameSession: Invariant = {
  number: 4,
  watch: (world) => {
    /** Calls and waiters that have to end because a session has ended or been replaced. */
    let calls: Call[] = [];
    let waiters: Caller[] = [];
    /** The state before each change that has begun. Changes may be nested. */
    const before: { state: SessionState; calls: Call[]; waiters: Caller[] }[] = [];
    /** Families that have ended. */
    const over = new Map<Member, Set<string>>();

    const end = (member: Member, family: string | null | undefined): void => {
      if (family) over.set(member, (over.get(member) ?? new Set()).add(family));
    };
    /** Another session that shares the store may still have the family, and write it again. */
    const whyBack = (member: Member): string | undefined => {
      const family = familyIn(member.session.state);
      const isBack = world.members.length === 1 && family && over.get(member)?.has(family);
      return isBack ? `the session is ${family} again, which has ended` : undefined;
    };

    return {
      notes: {
        changing: (member) => {
          const calls = world.openCalls(member).filter(({ subscriber }) => subscriber);
          const { state } = member.session;
          // A caller that waits for a read of the store may not wait for a session yet.
          const isLooking = state.status === 'signed-out' || world.isAsking(member);
          // Nor may one that was made for no session, in the tick in which that read is given up.
          const isHanging = world.shelf.operations.some(({ member: index }) => index === member.index);
          const waiters = world.waiting(member).filter(({ made }) => made !== undefined || !isHanging);
          before.push({ state, calls, waiters: isLooking ? [] : waiters });
        },
        changed: (member) => {
          const ended = before.pop();
          // A session that was signed out is not signed out again.
          if (!ended || ended.state.generation === member.session.state.generation) return;
          calls.push(...ended.calls);
          const waiting = world.waiting(member);
          waiters.push(...ended.waiters.filter((waiter) => waiting.includes(waiter)));
          end(member, familyIn(ended.state));
        },
        published: (member, { status }, before) => {
          if (before && status === 'signed-out') end(member, familyIn(before));
        },
      },
      checks: {
        published: (_, state, before) => before && whyNoStep(before, state),
        sent: ({ caller: { wish, isInside, member }, token }) =>
          wish === 'request' && (isInside === 'no' || token) ? whyBack(member) : undefined,
        stepped: () => {
          const call = calls.find(({ isOpen }) => isOpen);
          const waiter = waiters.find(({ outcome }) => outcome === 'open');
          calls = [];
          waiters = [];
          if (call) return 'a refresh goes on although its session has ended';
          if (waiter) return `${nameOf(waiter)} waits although its session has ended`;
          return world.members.map(whyBack).find(Boolean);
        },
      },
    };
  },
};
