import { errorOf, nameOf } from '../callers';
import type { Attempt, Caller, Fault, Invariant, Member } from '../happenings';
import type { Hook } from '../plan';

/**
 * The receiver of the error of each hook: the caller of the request, the listeners of events, the waiters for the
 * refresh, or RxJS.
 */
const RECEIVER: Readonly<Record<Hook, 'caller' | 'events' | 'refresh' | 'rxjs'>> = {
  refresh: 'refresh',
  isExpired: 'caller',
  isRefused: 'refresh',
  authorize: 'caller',
  onSessionExpired: 'events',
  store: 'events',
  interceptor: 'caller',
  'interceptor, on its way back': 'caller',
  transport: 'caller',
  handler: 'rxjs',
  state$: 'rxjs',
  events$: 'rxjs',
  keepFresh$: 'rxjs',
};

/**
 * No unsubscribe, throw or slow handler of a caller can harm another caller; each error is reported once; waiters are
 * sent in order.
 */
export const noHarm: Invariant = {
  number: 7,
  watch: (world) => {
    const { platform, setup, shelf } = world;
    const warnings: string[] = [];
    let failures = 0;
    const newest = new Map<Member, number>();

    /** How often a fault was reported; 1 if no listener could see it. */
    const timesSeen = (fault: Fault): number => {
      const { hook, caller, name } = fault;
      switch (RECEIVER[hook]) {
        case 'caller':
          // A fault inside a refresh is counted by `whyHidden`.
          return !caller || caller.outcome === 'cancelled' || errorOf(caller) === fault ? 1 : 0;
        case 'events':
          return setup.isObserved && !fault.isLate
            ? warnings.filter((message) => message.endsWith(`: ${name}`)).length
            : 1;
        case 'rxjs':
          return platform.thrown.filter((thrown) => thrown === fault).length;
        case 'refresh':
          return 1;
      }
    };
    /** A refresh may be retried, and its error replaced by an error of `isRefused`. */
    const whyHidden = (): string | false => {
      const faults = world.faults.filter(({ hook }) => hook === 'refresh').length;
      // Otherwise external tokens, or tokens that could not be read before, are adopted instead.
      const isAlone = (shelf.isSound || !shelf.first) && shelf.writes.every(({ member }) => member === 0);
      return (
        setup.isObserved &&
        !setup.refreshRetries &&
        isAlone &&
        failures < faults &&
        'a refresh that throws fails without a trace'
      );
    };
    const whyGone = (caller: Caller): string | false =>
      caller.outcome !== 'open' && !caller.mayStillLeave && `${nameOf(caller)} is sent although it has ended`;

    const whyOvertaken = ({ caller: { member }, held }: Attempt): string | false => {
      if (held === undefined) return false;
      const before = newest.get(member) ?? 0;
      newest.set(member, held);
      if (held < before) return `waiter ${held} is sent after waiter ${before}`;
      const onWire = world.attempts.filter(
        ({ isOpen, held, caller }) => isOpen && held !== undefined && caller.member === member,
      );
      return onWire.length > setup.releaseConcurrency && `${onWire.length} released waiters are in flight at once`;
    };

    return {
      notes: {
        event: (_, event) => {
          if (event.type === 'warning') warnings.push(event.message);
          if (event.type === 'refresh' && event.phase === 'failed') failures++;
        },
      },
      checks: {
        cancelled: (caller, open, reactions) =>
          reactions === world.reactions &&
          open.some(({ isOpen }) => !isOpen) &&
          `${nameOf(caller)} cancels a refresh when it unsubscribes`,
        leaving: whyGone,
        sent: (attempt) => whyGone(attempt.caller) || whyOvertaken(attempt),
        left: () => {
          const fault = world.faults.find((fault) => timesSeen(fault) !== 1);
          if (fault) return `an error of ${fault.hook} is reported ${timesSeen(fault)} times`;
          const stray = platform.thrown.find((thrown) => !world.faults.some((fault) => fault === thrown));
          if (stray) return `RxJS reports ${stray}`;
          const other = world.members.find(({ view }) =>
            view.states
              .slice(view.states.length - view.otherStates.length)
              .some((state, at) => state !== view.otherStates[at]),
          );
          return other ? 'two listeners are notified of states in different orders' : whyHidden();
        },
      },
    };
  },
};
