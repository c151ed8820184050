import type { SessionState } from 'renewal';
import { nameOf } from '../callers';
import type { Call, Caller, Invariant, Member } from '../happenings';
import { familyIn, isHeld } from '../view';

type Status = SessionState['status'];

/** Where a session may go from each status; from `refreshing` to itself when its token is refused in between. */
const NEXT: Readonly<Record<Status, readonly Status[]>> = {
  loading: ['active', 'signed-out'],
  'signed-out': ['active'],
  active: ['active', 'expired', 'refreshing', 'signed-out'],
  expired: ['active', 'refreshing', 'signed-out'],
  refreshing: ['refreshing', 'active', 'expired', 'signed-out'],
};

const whyNoStep = (before: SessionState, state: SessionState): string | undefined => {
  if (!NEXT[before.status].includes(state.status)) return `${before.status} became ${state.status}`;
  const isSame = isHeld(before) && isHeld(state) ? before.tokens === state.tokens : isHeld(before) === isHeld(state);
  const risen = state.generation - before.generation;
  // What a sign-out ends while it is being loaded may have been something.
  const isUnknown = before.status === 'loading' && state.status === 'signed-out' && state.reason === 'sign-out';
  return isUnknown || risen === (isSame ? 0 : 1)
    ? undefined
    : `the generation rose by ${risen} from ${before.status} to ${state.status}`;
};

/** A refresh result counts only if the session is still the one it was started for. */
export const sameSession: Invariant = {
  number: 4,
  watch: (world) => {
    /** What has to end because a session has ended or changed hands. */
    let calls: Call[] = [];
    let waiters: Caller[] = [];
    /** What there was before each change that has begun: one may be inside another. */
    const before: { state: SessionState; calls: Call[]; waiters: Caller[] }[] = [];
    /** Families that were signed out of. */
    const over = new Map<Member, Set<string>>();

    const end = (member: Member, family: string | null | undefined): void => {
      if (family) over.set(member, (over.get(member) ?? new Set()).add(family));
    };
    /** Another session that shares the store may still have the family, and hand it back. */
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
          // Who waits for a look into the store may wait for no session yet.
          const isLooking = state.status === 'signed-out' || world.isAsking(member);
          before.push({ state, calls, waiters: isLooking ? [] : world.waiting(member) });
        },
        changed: (member) => {
          const ended = before.pop();
          // Who is signed out already is not signed out again.
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
