import type { Api, ApiEvent, HttpResponse, Session, SessionState, TokenGrant, Tokens } from 'renewal';
import type { Subscriber, Subscription } from 'rxjs';
import type { Answer, Hook, RefreshAnswer, Wish } from './plan';
import type { View } from './view';
import type { World } from './world';

/** One session, the client that uses it, and what an onlooker has seen of it. */
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
  /** Who has made which request, and how many have waited, as far as events have told. */
  readonly requests: Map<number, Caller>;
  waits: number;
}

/** Someone who waits for an answer, or for tokens. */
export interface Caller {
  readonly id: number;
  readonly member: Member;
  readonly wish: Wish;
  readonly route: string;
  /** Whether it has come to its session; then what that was, and how often hooks had done something. */
  hasArrived: boolean;
  before: SessionState;
  reactions: number;
  /** How often the user had begun or ended its session when it was made. */
  readonly changes: number;
  /** How often the store had been read when it came to its session. */
  looks: number;
  /** Whether it is part of a refresh, as `refresh` was being called then. */
  isInside: 'yes' | 'maybe' | 'no';
  isBound: boolean;
  /** Whether its request has told that it is there. */
  isQueued: boolean;
  /** Whether it was made while the library was calling back. */
  readonly isNested: boolean;
  /**
   * The family that its session belonged to when it was made, if any; a look into the store may have shown another one
   * since.
   */
  made: string | undefined;
  /** The family that its session belonged to: `null` for none, `undefined` while that is being loaded. */
  family: string | null | undefined;
  /** How often it has been sent. */
  sent: number;
  /**
   * The attempt that is on its way out: the token it carries, if any, and the generation of that, or of the session.
   */
  leaving: { readonly token: string | undefined; readonly generation: number } | undefined;
  attempt: Attempt | undefined;
  /**
   * The when of its wait, among all of its session; `undefined` while it does not wait, or where no one could see it.
   */
  held: number | undefined;
  /** Whether an interceptor keeps it for ever. */
  isKept: boolean;
  isBeingSubscribed: boolean;
  /**
   * Whether it is being cancelled, or was while something was being subscribed for it: RxJS then unsubscribes only
   * after that.
   */
  mayStillLeave: boolean;
  outcome: 'open' | 'cancelled' | { readonly value: unknown } | { readonly error: unknown };
  isComplete: boolean;
  cancel(): void;
}

/** A request on the wire. */
export interface Attempt {
  readonly caller: Caller;
  /** Which of its caller's it is, from 1. */
  readonly nth: number;
  readonly token: string | undefined;
  /** Of the tokens that it carries, or else of the session. */
  readonly generation: number;
  readonly sentMs: number;
  /** The when of the wait that it comes from. */
  readonly held: number | undefined;
  readonly subscriber: Subscriber<HttpResponse>;
  isOpen: boolean;
}

/** A call of `refresh`, or of `restore`, which has no tokens. */
export interface Call {
  readonly member: Member;
  readonly tokens: Tokens | undefined;
  /** Of the session when it was made. */
  readonly generation: number;
  subscriber: Subscriber<TokenGrant> | undefined;
  isOpen: boolean;
}

/** Stands for the member that a write of a legacy app belongs to. */
export const LEGACY = -1;

/** A write that a session has begun. */
export interface Write {
  readonly member: number;
  readonly tokens: Tokens | null;
  readonly startedMs: number;
  state: 'open' | 'done' | 'failed';
}

/** Thrown on command: where it turns up is checked in the end. */
export class Fault extends Error {
  /** Whether what it ends had been given up before: that has been told already. */
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

/** What can be seen to happen, after it has, but for those that say otherwise. */
export interface Happenings {
  made: [member: Member];
  /** Someone is about to ask. */
  asking: [caller: Caller];
  asked: [caller: Caller];
  /** A request has just been bound to its session. */
  bound: [caller: Caller];
  /** A request is about to leave with tokens. */
  leaving: [caller: Caller, tokens: Tokens];
  sent: [attempt: Attempt];
  /** An answer is about to arrive. */
  answering: [attempt: Attempt, said: Said<Answer>];
  answered: [attempt: Attempt, said: Said<Answer>];
  told: [caller: Caller, isFirst: boolean];
  cancelled: [caller: Caller, open: readonly Call[], reactions: number];
  /** `refresh` is called, or `restore`. */
  calling: [call: Call];
  /** The answer of a refresh is about to arrive. */
  renewing: [call: Call, said: Said<RefreshAnswer>, grant: TokenGrant | undefined];
  published: [member: Member, state: SessionState, before: SessionState | undefined];
  event: [member: Member, event: ApiEvent];
  /** The user is about to sign in or out, or to destroy the session. */
  changing: [member: Member, how: Change, grant: TokenGrant | undefined];
  changed: [member: Member, how: Change];
  /** A write is about to begin, while others are open. */
  writing: [write: Write, open: readonly Write[]];
  /** What the store holds is from this write now; its answer may still be on its way. */
  landed: [write: Write, before: Write | undefined];
  /** The store has lost what it held. */
  lost: [];
  /** A session has read what the store holds, which is from this write, if from any. */
  looked: [member: number, found: Write | undefined];
  /** Someone has got into `exclusive`. */
  entered: [inside: number];
  /** A command is through. */
  stepped: [];
  /** Everything has had its answer, or its time. */
  settled: [];
  /** Each session has been used once more, with a store that works. */
  used: [];
  /** Everyone has unsubscribed. */
  left: [];
  /** All sessions are destroyed. */
  destroyed: [];
}

export type Change = 'sign in' | 'sign out' | 'destroy';

type Listeners<Result> = { readonly [Name in keyof Happenings]?: (...what: Happenings[Name]) => Result };

/** One of the invariants, in one world. */
export interface Watcher {
  /** What it remembers of each happening. */
  readonly notes?: Listeners<void>;
  /** What it then says is wrong with it, if anything. */
  readonly checks: Listeners<string | false | undefined>;
}

/** One of the invariants. */
export interface Invariant {
  readonly number: number;
  watch(world: World): Watcher;
}
