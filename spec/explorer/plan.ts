import fc from 'fast-check';

export type User = 'A' | 'B';

/** What a caller waits for: the response to one of four kinds of request, or tokens. */
export type Wish = 'request' | 'public' | 'own header' | 'foreign' | 'refresh$' | 'accessToken$';

/**
 * How a server responds to a request: `honest`, or in a certain way. `redirected` is a 401 of an origin that may not
 * get the token.
 */
export type Answer = 'honest' | '200' | '401' | '1002' | '500' | 'network' | 'empty' | 'redirected';

/** Grants: with a new refresh token, without a refresh token, and with the same access token. */
export type GrantKind = 'rotated' | 'kept' | 'same';
/** Responses that end the session, and other failures. `lost` rotates the refresh token, and never arrives. */
export type Refusal = '400' | '401' | '1002';
export type Trouble = 'network' | 'lost' | '429' | '500' | 'client' | 'malformed' | 'empty' | 'unknown';
export type RefreshAnswer = 'honest' | GrantKind | Refusal | Trouble;

/** How a call of a store ends, and how the store treats later calls. */
export type StoreAnswer = 'done' | 'failed' | 'done, says failed';
export type Mood = 'works' | 'throws' | 'hangs';

/** Functions of the caller that the library calls. */
const HOOKS = [
  'refresh',
  'isExpired',
  'isRefused',
  'authorize',
  'onSessionExpired',
  'store',
  'interceptor',
  'interceptor, on its way back',
  'transport',
  'handler',
  'state$',
  'events$',
  'keepFresh$',
] as const;
export type Hook = (typeof HOOKS)[number];

/** What such a function does before its task, or instead of it. */
const REACTIONS = [
  'throw',
  'reject',
  'hang',
  'request',
  'refresh$',
  'sign out',
  'sign in A',
  'sign in B',
  'update',
  'cancel',
  'destroy',
] as const;
export type Reaction = (typeof REACTIONS)[number];

/** The settings of a run. */
export interface Setup {
  /** Several sessions share the store. */
  readonly sessions: 1 | 2 | 3;
  readonly store: 'none' | 'sync' | 'async';
  /**
   * How `changes$` of the store emits notices of external writes: at once, on command and in order, on command in any
   * order, or on command unless they are dropped.
   */
  readonly changes: 'missing' | 'prompt' | 'late' | 'reordered' | 'lost';
  /**
   * Whether `changes$` also emits a session's own writes, as it does for sessions of a page that share a store object.
   */
  readonly isEchoed: boolean;
  /** Whether the store has `version`. */
  readonly hasVersion: boolean;
  /** Which fields of saved tokens the store keeps. */
  readonly keeps: 'all' | 'no revision' | 'two entries';
  readonly exclusive: 'in turn' | 'missing' | 'stuck' | 'throws';
  /** The first tokens in the store: of this version, with an id without an order, or as two entries. */
  readonly initial: 'nothing' | 'tokens' | 'old tokens' | 'two entries';
  /** How an honest server rejects a token. */
  readonly signal: '401' | '1002';
  /** How long tokens live; unknown if undefined. */
  readonly lifeMs: number | undefined;
  readonly refreshAheadMs: number;
  readonly refreshTimeoutMs: number;
  readonly refreshRetries: number;
  readonly releaseConcurrency: number;
  readonly timeoutMs: number;
  readonly hasRestore: boolean;
  readonly hasIsRefused: boolean;
  /** Whether `state$` has a listener from the start, or only once the store has been read for another caller. */
  readonly isWatched: boolean;
  /** Whether `events$` has a listener. */
  readonly isObserved: boolean;
  /** How open calls end after the commands: by responses, or only by the deadlines of the library. */
  readonly ending: 'answers' | 'deadlines';
}

interface OnSession {
  readonly session: number;
}
interface OnOne {
  readonly which: number;
}

/** The parameters of each command. `session` and `which` are indices into the open ones at that moment. */
export interface Commands {
  ask: OnSession & { readonly wish: Wish; readonly route: number; readonly times: number };
  'keep fresh': OnSession;
  'stop keeping': OnOne;
  cancel: OnOne;
  answer: OnOne & { readonly how: Answer };
  'answer all': { readonly how: Answer };
  'answer refresh': OnOne & { readonly how: RefreshAnswer };
  'answer store': OnOne & { readonly how: StoreAnswer };
  'prepare answers': { readonly how: Answer; readonly times: number };
  'prepare refreshes': { readonly how: RefreshAnswer; readonly times: number };
  'store from now on': { readonly how: Mood };
  /** An old version of the app, in another tab, writes or removes its two entries. */
  'legacy sign-in': { readonly user: User };
  'legacy sign-out': object;
  /** The store loses its tokens, and cannot tell that from an external sign-out. */
  'lose tokens': object;
  /** A notice of `changes$` arrives, or is lost. */
  deliver: OnOne;
  drop: OnOne;
  expire: OnSession;
  'sign in': OnSession & { readonly user: User };
  'sign out': OnSession;
  /** The user steps up: the session gets other tokens of the same sign-in, and its old ones are spent. */
  update: OnSession;
  destroy: OnSession;
  time: { readonly ms: number };
  clock: { readonly ms: number };
  online: object;
  /** The page is shown again. */
  show: object;
  'next time': { readonly hook: Hook; readonly reaction: Reaction };
}

/** One step of a run. */
export type Command<Name extends keyof Commands = keyof Commands> = {
  readonly [Key in Name]: { readonly do: Key } & Commands[Key];
}[Name];

export interface Plan {
  readonly setup: Setup;
  readonly commands: readonly Command[];
}

const of = <const T>(...values: readonly T[]) => fc.constantFrom(...values);
const session = fc.nat(2);
const which = fc.nat(5);

const answers = of<Answer>('honest', 'honest', '200', '401', '401', '1002', '500', 'network', 'empty', 'redirected');
const grants = of<RefreshAnswer>('honest', 'rotated', 'rotated', 'kept', 'same');
const refusals = of<RefreshAnswer>('400', '401', '1002');
const troubles = of<RefreshAnswer>('network', 'lost', '429', '500', 'client', 'malformed', 'empty', 'unknown');
const refreshAnswers = fc.oneof(
  { weight: 4, arbitrary: grants },
  { weight: 1, arbitrary: refusals },
  { weight: 2, arbitrary: troubles },
);

const storeAnswers = of<StoreAnswer>('done', 'done', 'done', 'done', 'failed', 'done, says failed');

const setup: fc.Arbitrary<Setup> = fc.record({
  sessions: of(1, 1, 2, 2, 3),
  store: of('sync', 'sync', 'async', 'async', 'async', 'none'),
  changes: of('missing', 'prompt', 'late', 'late', 'reordered', 'lost'),
  isEchoed: of(false, false, true),
  hasVersion: fc.boolean(),
  keeps: of('all', 'all', 'all', 'no revision', 'two entries'),
  exclusive: of('in turn', 'in turn', 'in turn', 'missing', 'missing', 'stuck', 'throws'),
  initial: of('nothing', 'nothing', 'tokens', 'tokens', 'old tokens', 'two entries'),
  signal: of('401', '1002'),
  lifeMs: of(undefined, undefined, 1, 2_000, 40_000, 600_000),
  refreshAheadMs: of(60_000, 0, 1_000),
  refreshTimeoutMs: of(30_000, 3_000),
  refreshRetries: of(0, 0, 0, 2),
  releaseConcurrency: of(Infinity, Infinity, 1, 2),
  timeoutMs: of(0, 0, 0, 2_000),
  hasRestore: of(false, false, true),
  hasIsRefused: fc.boolean(),
  isWatched: of(true, true, true, false),
  isObserved: of(true, true, true, true, false),
  ending: of('answers', 'answers', 'answers', 'deadlines'),
});

/** Commands of one kind, with their `weight` among all commands. */
const step = <T>(weight: number, fields: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) => ({
  weight,
  arbitrary: fc.record<T>(fields),
});

const command = fc.oneof(
  step(20, { do: of('ask'), session, wish: of<Wish>('request'), route: fc.nat(1), times: of(1, 1, 1, 3) }),
  step(6, {
    do: of('ask'),
    session,
    wish: of<Wish>('refresh$', 'refresh$', 'accessToken$', 'public', 'own header', 'foreign'),
    route: of(0),
    times: of(1),
  }),
  step(2, { do: of('keep fresh'), session }),
  step(1, { do: of('stop keeping'), which }),
  step(5, { do: of('cancel'), which }),
  step(14, { do: of('answer'), which, how: answers }),
  step(3, { do: of('answer all'), how: answers }),
  step(11, { do: of('answer refresh'), which, how: refreshAnswers }),
  step(7, { do: of('answer store'), which, how: storeAnswers }),
  step(2, { do: of('prepare answers'), how: answers, times: of(1, 2, 3) }),
  step(2, { do: of('prepare refreshes'), how: refreshAnswers, times: of(1, 2, 3) }),
  step(2, { do: of('store from now on'), how: of<Mood>('works', 'works', 'throws', 'hangs') }),
  step(1, { do: of('legacy sign-in'), user: of<User>('A', 'B') }),
  step(1, { do: of('legacy sign-out') }),
  step(1, { do: of('lose tokens') }),
  step(6, { do: of('deliver'), which }),
  step(1, { do: of('drop'), which }),
  step(5, { do: of('expire'), session }),
  step(4, { do: of('sign in'), session, user: of<User>('A', 'B') }),
  step(4, { do: of('sign out'), session }),
  step(2, { do: of('update'), session }),
  step(1, { do: of('destroy'), session }),
  step(8, { do: of('time'), ms: of(1, 100, 700, 1_000, 2_000, 5_000, 20_000, 31_000, 600_000) }),
  step(1, { do: of('clock'), ms: of(-3_600_000, -1_000, 1_000, 3_600_000) }),
  step(1, { do: of('online') }),
  step(1, { do: of('show') }),
  step(8, { do: of('next time'), hook: of(...HOOKS), reaction: of(...REACTIONS) }),
);

/** A run: its set-up, and its commands in order. */
export const plans: fc.Arbitrary<Plan> = fc.record({
  setup,
  commands: fc.array(command, { maxLength: 40, size: 'max' }),
});

const words = (fields: object): string =>
  Object.entries(fields)
    .map(([name, value]) => (name === 'do' ? value : `${name} ${value}`))
    .join(', ');

/** A plan as text: its set-up, then a line for each command. */
export const describePlan = ({ setup, commands }: Plan): string =>
  [
    `set-up: ${words(setup)}`,
    ...commands.map((command, at) => `${String(at + 1).padStart(3)}. ${words(command)}`),
  ].join('\n');
