import { errorOf, nameOf } from '../callers';
import type { Attempt, Caller, Fault, Invariant, Member } from '../happenings';
import type { Hook } from '../plan';

/**
 * Who is told of what a hook throws: the caller whose request it was, everyone through events, those who wait for the
 * refresh, or RxJS.
 */
const TOLD: Readonly<Record<Hook, 'caller' | 'events' | 'refresh' | 'rxjs'>> = {
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
 * Nobody's unsubscribe, throw or slow handler can hurt another caller; what is thrown turns up once; those who wait
 * leave in their turn.
 */
export const noHarm: Invariant = {
  number: 7,
  watch: (world) => {
    const { platform, setup, shelf } = world;
    const warnings: string[] = [];
    let failures = 0;
    const newest = new Map<Member, number>();

    /** How often a fault has turned up, where someone could see it. */
    const timesSeen = (fault: Fault): number => {
      const { hook, caller, name } = fault;
      switch (TOLD[hook]) {
        case 'caller':
          // In a refresh it is one of those that are counted below.
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
    /** A refresh may be tried again, and an error replaced by that of the one who judges it. */
    const whyHidden = (): string | false => {
      const faults = world.faults.filter(({ hook }) => hook === 'refresh').length;
      // What others have written, or what could not be read before, is taken over instead.
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
      if (held < before) return `the ${held}. who waited leaves after the ${before}.`;
      const onWire = world.attempts.filter(
        ({ isOpen, held, caller }) => isOpen && held !== undefined && caller.member === member,
      );
      return onWire.length > setup.releaseConcurrency && `${onWire.length} who waited are on the wire at once`;
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
          `${nameOf(caller)} takes a refresh with it`,
        leaving: whyGone,
        sent: (attempt) => whyGone(attempt.caller) || whyOvertaken(attempt),
        left: () => {
          const fault = world.faults.find((fault) => timesSeen(fault) !== 1);
          if (fault) return `what ${fault.hook} throws turns up ${timesSeen(fault)} times`;
          const stray = platform.thrown.find((thrown) => !world.faults.some((fault) => fault === thrown));
          if (stray) return `RxJS reports ${stray}`;
          const other = world.members.find(({ view }) =>
            view.states.slice(view.states.length - view.heard.length).some((state, at) => state !== view.heard[at]),
          );
          return other ? 'two listeners are notified of states in different orders' : whyHidden();
        },
      },
    };
  },
};
