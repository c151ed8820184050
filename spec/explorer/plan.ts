import fc from 'fast-check';

export type User = 'A' | 'B';

/** Who waits for what: an answer to a request, as it comes in four kinds, or tokens. */
export type Wish = 'request' | 'public' | 'own header' | 'foreign' | 'refresh$' | 'accessToken$';

/**
 * How a server answers a request: as it should, or in a certain way. `redirected` is a 401 of an origin where the token
 * may not go.
 */
export type Answer = 'honest' | '200' | '401' | '1002' | '500' | 'network' | 'empty' | 'redirected';

/** Grants: with a new refresh token, without any, and with the same access token as before. */
export type GrantKind = 'rotated' | 'kept' | 'same';
/** Answers that end the session, and answers that don't; `lost` is one that rotates, and never arrives. */
export type Refusal = '400' | '401' | '1002';
export type Trouble = 'network' | 'lost' | '429' | '500' | 'client' | 'malformed' | 'empty' | 'unknown';
export type RefreshAnswer = 'honest' | GrantKind | Refusal | Trouble;

/** How a store answers a call, and what it does with those to come. */
export type StoreAnswer = 'done' | 'failed' | 'done, says failed';
export type Mood = 'works' | 'throws' | 'hangs';

/** Functions of the caller's that the library calls. */
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

/** What such a function does before, or instead of, what it is for. */
const REACTIONS = [
  'throw',
  'reject',
  'hang',
  'request',
  'refresh$',
  'sign out',
  'sign in A',
  'sign in B',
  'cancel',
  'destroy',
] as const;
export type Reaction = (typeof REACTIONS)[number];

/** What a run is made of before anything happens. */
export interface Setup {
  /** If there are several, they share the store. */
  readonly sessions: 1 | 2 | 3;
  readonly store: 'none' | 'sync' | 'async';
  /**
   * What `changes$` of the store does with the notices of others: emits them at once, on command and in order, on
   * command in any order, or not at all.
   */
  readonly changes: 'missing' | 'prompt' | 'late' | 'reordered' | 'lost';
  /**
   * Whether `changes$` emits a session's own writes as well, as it does for sessions of one page that share a store
   * object.
   */
  readonly isEchoed: boolean;
  /** Whether the store has `version`. */
  readonly hasVersion: boolean;
  /** What the store keeps of the tokens that a session saves. */
  readonly keeps: 'all' | 'no revision' | 'two entries';
  readonly exclusive: 'in turn' | 'missing' | 'stuck' | 'throws';
  /** What the store holds in the beginning: tokens of this version, of an id without order, or as two entries. */
  readonly held: 'nothing' | 'tokens' | 'old tokens' | 'two entries';
  /** How an honest server says that a token is dead. */
  readonly signal: '401' | '1002';
  /** How long tokens live; unknown when left out. */
  readonly lifeMs: number | undefined;
  readonly refreshAheadMs: number;
  readonly refreshTimeoutMs: number;
  readonly refreshRetries: number;
  readonly releaseConcurrency: number;
  readonly timeoutMs: number;
  readonly hasRestore: boolean;
  readonly hasIsRefused: boolean;
  /** Whether someone listens to `state$` from the beginning, or only once the store has been read for someone else. */
  readonly isWatched: boolean;
  /** Whether someone listens to `events$`. */
  readonly isObserved: boolean;
  /** How everything comes to its end: by answers, or by nothing but the library's own deadlines. */
  readonly ending: 'answers' | 'deadlines';
}

interface OnSession {
  readonly session: number;
}
interface OnOne {
  readonly which: number;
}

/** What each step needs to know. `session` and `which` count among what there is at that moment. */
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
  /** An old version of the app, in another tab, knows two entries: it writes both, or removes them. */
  'legacy sign-in': { readonly user: User };
  'legacy sign-out': object;
  /** The store loses what it holds, and cannot tell that from a sign-out that it knows nothing of. */
  'lose tokens': object;
  /** A notice of `changes$` arrives, or is lost. */
  deliver: OnOne;
  drop: OnOne;
  expire: OnSession;
  'sign in': OnSession & { readonly user: User };
  'sign out': OnSession;
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
  held: of('nothing', 'nothing', 'tokens', 'tokens', 'old tokens', 'two entries'),
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

/** Steps of one kind, as often as `weight` says among all. */
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
  step(1, { do: of('destroy'), session }),
  step(8, { do: of('time'), ms: of(1, 100, 700, 1_000, 2_000, 5_000, 20_000, 31_000, 600_000) }),
  step(1, { do: of('clock'), ms: of(-3_600_000, -1_000, 1_000, 3_600_000) }),
  step(1, { do: of('online') }),
  step(1, { do: of('show') }),
  step(8, { do: of('next time'), hook: of(...HOOKS), reaction: of(...REACTIONS) }),
);

/** A run: its set-up, and what happens in which order. */
export const plans: fc.Arbitrary<Plan> = fc.record({
  setup,
  commands: fc.array(command, { maxLength: 40, size: 'max' }),
});

const words = (fields: object): string =>
  Object.entries(fields)
    .map(([name, value]) => (name === 'do' ? value : `${name} ${value}`))
    .join(', ');

/** A plan as one can read it: its set-up, then one command a line. */
export const describePlan = ({ setup, commands }: Plan): string =>
  [
    `set-up: ${words(setup)}`,
    ...commands.map((command, at) => `${String(at + 1).padStart(3)}. ${words(command)}`),
  ].join('\n');
