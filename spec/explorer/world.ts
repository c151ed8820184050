import type { Subscription } from 'rxjs';
import type { Attempt, Call, Caller, Fault, Happenings, Invariant, Member, Watcher } from './happenings';
import type { Answer, Hook, Reaction, RefreshAnswer, Setup } from './plan';
import { installPlatform } from './platform';
import { createServer, type Server } from './server';
import { createShelf, GIVEN_UP_MS, type Shelf } from './shelf';

/** The state of one run: the surroundings of the real sessions, and what has happened. */
export class World {
  readonly platform = installPlatform();
  readonly server: Server;
  readonly shelf: Shelf;
  readonly members: Member[] = [];
  readonly callers: Caller[] = [];
  readonly attempts: Attempt[] = [];
  readonly calls: Call[] = [];
  readonly keepers: { readonly member: Member; readonly subscription: Subscription }[] = [];
  readonly promises: { isSettled: boolean }[] = [];
  /** Responses that arrive in the same tick. */
  readonly prepared: { answers: Answer[]; refreshes: RefreshAnswer[] } = { answers: [], refreshes: [] };
  /** The current call of `refresh`; and all members with a call in this step, as its exact end cannot be seen. */
  calling: Call | undefined;
  readonly called = new Set<Member>();
  /** Members whose session is being begun or ended. */
  readonly changing: Member[] = [];
  /** The next reactions of each hook. */
  readonly rigged = new Map<Hook, Reaction[]>();
  readonly faults: Fault[] = [];
  /** How many hooks are reacting right now. */
  nesting = 0;
  /** How often a hook has reacted: the outcome of a step can be foretold only if none has. */
  reactions = 0;
  /** All violations, in order. */
  readonly wrongs: string[] = [];
  readonly #watchers: readonly { readonly number: number; readonly watcher: Watcher }[];

  constructor(
    readonly setup: Setup,
    invariants: readonly Invariant[],
  ) {
    this.server = createServer(setup.lifeMs, () => this.platform.elapsedMs);
    this.shelf = createShelf(this);
    this.#watchers = invariants.map((invariant) => ({ number: invariant.number, watcher: invariant.watch(this) }));
  }

  /** Whether sessions that share the store cannot run their refreshes at once. */
  get isCoordinated(): boolean {
    return this.members.length > 1 && this.setup.store !== 'none' && this.setup.exclusive === 'in turn';
  }

  tell<Name extends keyof Happenings>(name: Name, ...what: Happenings[Name]): void {
    for (const { number, watcher } of this.#watchers) {
      try {
        watcher.notes?.[name]?.(...what);
        const why = watcher.checks[name]?.(...what);
        if (why) this.wrongs.push(`invariant ${number}: ${why}`);
      } catch (error) {
        // The library would take the error for a fault of the caller.
        this.wrongs.push(`the check of invariant ${number}: ${error}`);
      }
    }
  }

  /** Whether a session may wait for a call of its store. */
  isAsking({ index }: Member): boolean {
    const isPast = (openedMs: number) => this.platform.elapsedMs - openedMs >= GIVEN_UP_MS;
    return this.shelf.operations.some(({ member, openedMs }) => member === index && !isPast(openedMs));
  }

  /**
   * Whether a caller may have to wait for a read of the store: its own, or a read that calls the caller back.
   */
  isLooking({ member, isNested }: Caller): boolean {
    const { hasVersion, changes } = this.setup;
    return this.isAsking(member) || (isNested && (hasVersion || changes !== 'missing'));
  }

  /** Whether the outcome of a caller can be foretold from the state of the session when the caller reached it. */
  isForetold(caller: Caller): boolean {
    const { hasArrived, isInside, reactions, outcome, looks, before, member } = caller;
    // A read of the store may have changed the session.
    const isSame = before.status !== 'loading' && before.generation === member.session.state.generation;
    const isAsBefore = isSame || looks === this.shelf.looks;
    const isAsItWas = reactions === this.reactions && isAsBefore && !this.isLooking(caller);
    return hasArrived && isInside === 'no' && outcome !== 'cancelled' && isAsItWas;
  }

  openCallers(): Caller[] {
    return this.callers.filter(({ outcome }) => outcome === 'open');
  }

  openCalls(member: Member): Call[] {
    return this.calls.filter((call) => call.isOpen && call.member === member);
  }

  /** Callers that have reached their session, and have neither an outcome nor an attempt. */
  waiting(member: Member): Caller[] {
    return this.callers.filter(
      (caller) =>
        caller.member === member &&
        caller.hasArrived &&
        caller.outcome === 'open' &&
        !caller.isKept &&
        !caller.leaving &&
        !caller.attempt?.isOpen,
    );
  }
}

export const pick = <T>(among: readonly T[], which: number): T | undefined => among[which % Math.max(1, among.length)];
