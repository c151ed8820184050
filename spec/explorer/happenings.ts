import type { Api, ApiEvent, HttpResponse, Session, SessionState, TokenGrant, Tokens } from 'renewal';
import type { Subscriber, Subscription } from 'rxjs';
import type { Answer, Hook, RefreshAnswer, Wish } from './plan';
import type { View } from './view';
import type { World } from './world';

/** One session, its client, and the states and events that the explorer has seen of it. */
export interface Member {
  readonly index: number;
  readonly session: Session;
  readonly api: Api;
  readonly view: View;
  readonly listening: Subscription;
  isWatched: boolean;
  isDestroyed: boolean;
  /** How often the user has begun or ended the session. */
  changes: number;
  /** How often `onSessionExpired` was called. */
  expired: number;
  /** The caller of each request, and how many requests have waited, as far as events show. */
  readonly requests: Map<number, Caller>;
  waits: number;
}

/** A caller that waits for a response, or for tokens. */
export interface Caller {
  readonly id: number;
  readonly member: Member;
  readonly wish: Wish;
  readonly route: string;
  /** Whether it has reached its session; then the state of the session, and how often hooks had reacted. */
  hasArrived: boolean;
  before: SessionState;
  reactions: number;
  /** How often the user had begun or ended its session when it was made. */
  readonly changes: number;
  /** How often the store had been read when the caller reached its session. */
  looks: number;
  /** Whether it is part of a refresh: `refresh` was being called then. */
  isInside: 'yes' | 'maybe' | 'no';
  isBound: boolean;
  /** Whether its request has emitted the event `queued`. */
  isQueued: boolean;
  /** Whether it was made inside a callback of the library. */
  readonly isNested: boolean;
  /**
   * The family that its session belonged to when it was made, if any. A later read of the store may have shown another
   * family.
   */
  made: string | undefined;
  /** The family that its session belonged to: `null` for none, `undefined` while the session loads. */
  family: string | null | undefined;
  /** How often it has been sent. */
  sent: number;
  /**
   * The attempt that is about to be sent: its token, if any, and the generation of the token, or of the session.
   */
  leaving: { readonly token: string | undefined; readonly generation: number } | undefined;
  attempt: Attempt | undefined;
  /**
   * Its place among all waits of its session; `undefined` while it does not wait, or if no listener saw the wait.
   */
  held: number | undefined;
  /** Whether an interceptor holds it for ever. */
  isKept: boolean;
  isBeingSubscribed: boolean;
  /**
   * Whether it is being cancelled, or was cancelled during its subscription: RxJS unsubscribes only after that.
   */
  mayStillLeave: boolean;
  outcome: 'open' | 'cancelled' | { readonly value: unknown } | { readonly error: unknown };
  isComplete: boolean;
  cancel(): void;
}

/** A request on the wire. */
export interface Attempt {
  readonly caller: Caller;
  /** Its number among the attempts of its caller, from 1. */
  readonly nth: number;
  readonly token: string | undefined;
  /** The generation of its tokens, or else of the session. */
  readonly generation: number;
  readonly sentMs: number;
  /** The place of the wait that it comes from. */
  readonly held: number | undefined;
  readonly subscriber: Subscriber<HttpResponse>;
  isOpen: boolean;
}

/** A call of `refresh`, or of `restore`, which has no tokens. */
export interface Call {
  readonly member: Member;
  readonly tokens: Tokens | undefined;
  /** The generation of the session when the call was made. */
  readonly generation: number;
  subscriber: Subscriber<TokenGrant> | undefined;
  isOpen: boolean;
}

/** The member of a write of a legacy app. */
export const LEGACY = -1;

/** A write that a session has begun. */
export interface Write {
  readonly member: number;
  readonly tokens: Tokens | null;
  readonly startedMs: number;
  state: 'open' | 'done' | 'failed';
}

/** An error that a command throws. The explorer checks at the end where it was reported. */
export class Fault extends Error {
  /** Whether the call that it ends had been given up, and was reported before. */
  isLate = false;

  constructor(
    nth: number,
    readonly hook: Hook,
    readonly member: number,
    readonly caller: Caller | undefined,
  ) {
    super('thrown on command');
    this.name = `Fault${nth}`;
  }
}

export type Said<How> = Exclude<How, 'honest'>;

/** What the explorer can see. Each is notified after it has happened, unless its comment says otherwise. */
export interface Happenings {
  made: [member: Member];
  /** A caller is about to subscribe. */
  asking: [caller: Caller];
  asked: [caller: Caller];
  /** A request has just been bound to its session. */
  bound: [caller: Caller];
  /** A request is about to be sent with tokens. */
  leaving: [caller: Caller, tokens: Tokens];
  sent: [attempt: Attempt];
  /** A response is about to arrive. */
  answering: [attempt: Attempt, said: Said<Answer>];
  answered: [attempt: Attempt, said: Said<Answer>];
  told: [caller: Caller, isFirst: boolean];
  cancelled: [caller: Caller, open: readonly Call[], reactions: number];
  /** `refresh` is called, or `restore`. */
  calling: [call: Call];
  /** The response of a refresh is about to arrive. */
  renewing: [call: Call, said: Said<RefreshAnswer>, grant: TokenGrant | undefined];
  published: [member: Member, state: SessionState, before: SessionState | undefined];
  event: [member: Member, event: ApiEvent];
  /** The user is about to sign in or out, or to destroy the session. */
  changing: [member: Member, how: Change, grant: TokenGrant | undefined];
  changed: [member: Member, how: Change];
  /** A write is about to begin, while others are open. */
  writing: [write: Write, open: readonly Write[]];
  /** The store now holds the tokens of this write, which may not have ended yet. */
  landed: [write: Write, before: Write | undefined];
  /** The store has lost its tokens. */
  lost: [];
  /** A session has read the store, which holds the tokens of this write, if of any. */
  looked: [member: number, found: Write | undefined];
  /** A work has begun inside `exclusive`. */
  entered: [inside: number];
  /** A command has run. */
  stepped: [];
  /** Every call has ended, or timed out. */
  settled: [];
  /** Each session has been used again, over a store that works. */
  used: [];
  /** All callers and listeners have unsubscribed. */
  left: [];
  /** All sessions are destroyed. */
  destroyed: [];
}

export type Change = 'sign in' | 'sign out' | 'destroy';

type Listeners<Result> = { readonly [Name in keyof Happenings]?: (...what: Happenings[Name]) => Result };

/** One of the invariants, in one world. */
export interface Watcher {
  /** Records each happening. */
  readonly notes?: Listeners<void>;
  /** Returns what is wrong with a happening, if anything. */
  readonly checks: Listeners<string | false | undefined>;
}

/** One of the invariants. */
export interface Invariant {
  readonly number: number;
  watch(world: World): Watcher;
}
