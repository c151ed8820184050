import { nameOf } from '../callers';
import type { Caller, Invariant, Member } from '../happenings';
import type { World } from '../world';

/** Whether all slots of released waiters are taken. */
const areSlotsTaken = ({ setup, attempts }: World, member: Member): boolean => {
  if (!setup.isObserved) return setup.releaseConcurrency < Infinity;
  const onWire = attempts.filter(
    ({ isOpen, held, caller }) => isOpen && held !== undefined && caller.member === member,
  );
  return onWire.length >= setup.releaseConcurrency;
};

/** Every request settles: a value and completion, or one error. No path leaves a waiter behind. */
export const settles: Invariant = {
  number: 2,
  watch: (world) => {
    /** Open requests of each member, by their events. */
    const open = new Map<Member, Set<number>>();

    const whyStuck = (member: Member): string | undefined => {
      const [waiter] = world.waiting(member);
      const { status } = member.session.state;
      if (!waiter) return undefined;
      if (status !== 'loading' && status !== 'refreshing') {
        if (areSlotsTaken(world, member)) return undefined;
        if (!world.isAsking(member)) return `${nameOf(waiter)} waits although the session is ${status}`;
      }
      return world.platform.timers ? undefined : `${nameOf(waiter)} waits, and no deadline will end it`;
    };
    const whyOpen = (caller: Caller): string | undefined => {
      const { outcome, isKept, isComplete } = caller;
      if (outcome === 'open' && !isKept) return `${nameOf(caller)} never settles`;
      return typeof outcome === 'object' && 'value' in outcome && !isComplete
        ? `${nameOf(caller)} never completes`
        : undefined;
    };

    return {
      checks: {
        told: (caller, isFirst) => !isFirst && `${nameOf(caller)} has a second outcome`,
        stepped: () => world.members.map(whyStuck).find(Boolean),
        settled: () => {
          if (world.promises.some(({ isSettled }) => !isSettled)) return 'a sign-in or sign-out never settles';
          return world.callers.map(whyOpen).find(Boolean);
        },
        event: (member, event) => {
          if (event.type !== 'request') return undefined;
          const { phase, requestId } = event;
          const requests = open.get(member) ?? new Set();
          open.set(member, requests);
          if (phase === 'queued') requests.add(requestId);
          else if (!requests.has(requestId)) return `request ${requestId} is ${phase} although it has ended`;
          if (phase === 'settled' || phase === 'cancelled') requests.delete(requestId);
          return undefined;
        },
        left: () => [...open.values()].some(({ size }) => size) && 'a request has no event of its end',
      },
    };
  },
};
