import { describe, expect, it } from 'vitest';
import { RefreshError, SessionExpiredError } from '../../../lib/http/errors';
import {
  type Binding,
  decide,
  type SessionAction,
  type SessionState,
  type Tokens,
  transition,
} from '../../../lib/session/state/session-state';

const NOW_MS = 1_000_000;
const G = 7;

const lasting: Tokens = { accessToken: 'lasting', refreshToken: 'r', sessionId: 'a' };
const living: Tokens = { ...lasting, accessToken: 'living', expiresAtMs: NOW_MS + 1 };
const past: Tokens = { ...lasting, accessToken: 'past', expiresAtMs: NOW_MS };
const renewed: Tokens = { ...lasting, accessToken: 'renewed' };
/** A session that another tab has begun, whose tokens are there. */
const elsewhere: Tokens = { accessToken: '', sessionId: 'b', expiresAtMs: 1 };
const error = new RefreshError();
const cooling = new RefreshError(undefined, undefined, NOW_MS + 1);
const refusal = new SessionExpiredError('refused');

/** Every kind of state, at generation `G`. */
const STATES = {
  loading: { status: 'loading', generation: G },
  'signed-out, none': { status: 'signed-out', reason: 'none', generation: G },
  'signed-out, sign-out': { status: 'signed-out', reason: 'sign-out', generation: G },
  'signed-out, expired': { status: 'signed-out', reason: 'session-expired', generation: G },
  'active, no expiry': { status: 'active', tokens: lasting, generation: G },
  'active, living': { status: 'active', tokens: living, generation: G },
  'active, past expiry': { status: 'active', tokens: past, generation: G },
  expired: { status: 'expired', tokens: lasting, generation: G },
  'expired, with error': { status: 'expired', tokens: lasting, error, generation: G },
  'expired, cooling down': { status: 'expired', tokens: lasting, error, retryAtMs: NOW_MS + 1, generation: G },
  'refreshing, no expiry': { status: 'refreshing', tokens: lasting, rejected: false, generation: G },
  'refreshing, living': { status: 'refreshing', tokens: living, rejected: false, generation: G },
  'refreshing, past expiry': { status: 'refreshing', tokens: past, rejected: false, generation: G },
  'refreshing, rejected': { status: 'refreshing', tokens: lasting, rejected: true, generation: G },
} as const satisfies Record<string, SessionState>;

type Name = keyof typeof STATES;
const NAMES = Object.keys(STATES) as Name[]; // `Object.keys` returns the keys of the literal

const ACTIONS = {
  'loaded, with tokens': { type: 'loaded', tokens: renewed },
  'loaded, with none': { type: 'loaded', tokens: null },
  signIn: { type: 'signIn', tokens: renewed },
  adopt: { type: 'adopt', tokens: renewed },
  'adopt, elsewhere': { type: 'adopt', tokens: elsewhere },
  rejected: { type: 'rejected', generation: G },
  update: { type: 'update', tokens: renewed },
  refreshStarted: { type: 'refreshStarted' },
  coolDownEnded: { type: 'coolDownEnded' },
  refreshed: { type: 'refreshed', generation: G, tokens: renewed },
  failed: { type: 'failed', generation: G, error, atMs: NOW_MS },
  'failed, with a cool-down': { type: 'failed', generation: G, error: cooling, atMs: NOW_MS },
  refused: { type: 'refused', generation: G, error: refusal },
  signOut: { type: 'signOut' },
} as const satisfies Record<string, SessionAction>;

type ActionName = keyof typeof ACTIONS;

const active = (tokens: Tokens, generation = G + 1): SessionState => ({ status: 'active', tokens, generation });
const signedOut = (reason: 'none' | 'sign-out' | 'session-expired', generation = G + 1): SessionState => ({
  status: 'signed-out',
  reason,
  generation,
});
const refreshing = (tokens: Tokens, rejected: boolean): SessionState => ({
  status: 'refreshing',
  tokens,
  rejected,
  generation: G,
});
const expired = (tokens: Tokens): SessionState => ({ status: 'expired', tokens, generation: G });

/** The next state for each action and state. A state that is not listed stays the same object. */
const TABLE: { readonly [Action in ActionName]: { readonly [State in Name]?: SessionState } } = {
  'loaded, with tokens': { loading: active(renewed) },
  'loaded, with none': { loading: signedOut('none', G) },
  // These three change every state.
  signIn: Object.fromEntries(NAMES.map((name) => [name, active(renewed)])),
  adopt: Object.fromEntries(NAMES.map((name) => [name, active(renewed)])),
  'adopt, elsewhere': Object.fromEntries(NAMES.map((name) => [name, { status: 'loading', generation: G + 1 }])),
  rejected: {
    'active, no expiry': expired(lasting),
    'active, living': expired(living),
    'active, past expiry': expired(past),
    'refreshing, no expiry': refreshing(lasting, true),
    'refreshing, living': refreshing(living, true),
    'refreshing, past expiry': refreshing(past, true),
  },
  refreshStarted: {
    'active, no expiry': refreshing(lasting, false),
    'active, living': refreshing(living, false),
    'active, past expiry': refreshing(past, false),
    expired: refreshing(lasting, true),
    'expired, with error': refreshing(lasting, true),
    'expired, cooling down': refreshing(lasting, true),
  },
  update: Object.fromEntries(
    NAMES.filter((name) => !name.startsWith('signed-out')).map((name) => [name, active(renewed)]),
  ),
  coolDownEnded: { 'expired, cooling down': { ...expired(lasting), error } as SessionState }, // with its error
  refreshed: {
    'refreshing, no expiry': active(renewed),
    'refreshing, living': active(renewed),
    'refreshing, past expiry': active(renewed),
    'refreshing, rejected': active(renewed),
  },
  failed: {
    'refreshing, no expiry': active(lasting, G),
    'refreshing, living': active(living, G),
    'refreshing, past expiry': { ...expired(past), error } as SessionState, // an expired state with its error
    'refreshing, rejected': { ...expired(lasting), error } as SessionState, // the same
  },
  'failed, with a cool-down': {
    'refreshing, no expiry': active(lasting, G),
    'refreshing, living': active(living, G),
    'refreshing, past expiry': { ...expired(past), error: cooling, retryAtMs: NOW_MS + 1 } as SessionState, // the same
    'refreshing, rejected': { ...expired(lasting), error: cooling, retryAtMs: NOW_MS + 1 } as SessionState, // the same
  },
  refused: {
    'refreshing, no expiry': signedOut('session-expired'),
    'refreshing, living': signedOut('session-expired'),
    'refreshing, past expiry': signedOut('session-expired'),
    'refreshing, rejected': signedOut('session-expired'),
  },
  signOut: Object.fromEntries(
    NAMES.filter((name) => !name.startsWith('signed-out')).map((name) => [name, signedOut('sign-out')]),
  ),
};

const deepFreeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
};

// `Object.keys` returns the keys of the literal, as above.
const cells = (Object.keys(ACTIONS) as ActionName[]).flatMap((action) => NAMES.map((state) => ({ action, state })));

const tokensOf = (state: SessionState): Tokens | undefined => ('tokens' in state ? state.tokens : undefined);

describe('transition', () => {
  it.each(cells)('follows the table from $state on $action', ({ action, state }) => {
    const before = deepFreeze(STATES[state]);
    const after = transition(before, deepFreeze(ACTIONS[action]));
    const wanted: SessionState | undefined = TABLE[action][state];
    if (wanted) expect(after).toStrictEqual(wanted);
    else expect(after).toBe(before);
  });

  it.each(cells)('raises the generation of $state after $action only if tokens change or vanish', (cell) => {
    const before: SessionState = STATES[cell.state];
    const after = transition(before, ACTIONS[cell.action]);
    const vanished = ['signOut', 'adopt, elsewhere'].includes(cell.action) && after !== before;
    const changed = tokensOf(after) !== tokensOf(before) || vanished;
    expect(after.generation).toBe(changed ? G + 1 : G);
  });

  it.each(cells)('keeps $state if $action is about other tokens', ({ action, state }) => {
    const before = STATES[state];
    for (const generation of [G - 1, G + 1]) {
      expect(transition(before, { ...ACTIONS[action], generation } as SessionAction)).toBe(before); // a stale action
    }
  });

  it.each(cells)('changes $state alike if $action names the current generation, or none', ({ action, state }) => {
    // A current action.
    const named = transition(STATES[state], { ...ACTIONS[action], generation: G } as SessionAction);
    expect(named).toStrictEqual(transition(STATES[state], ACTIONS[action]));
  });

  it('covers every pair of a state and an action', () => {
    expect(cells).toHaveLength(NAMES.length * 14);
    expect(new Set(NAMES.map((name) => STATES[name].status)).size).toBe(5);
  });
});

describe('decide', () => {
  const BINDINGS = {
    none: undefined,
    'this session': { sessionId: 'a' },
    'newer than an earlier generation': { sessionId: 'a', after: G - 1 },
    'newer than this generation': { sessionId: 'a', after: G },
    'another session': { sessionId: 'b' },
  } as const satisfies Record<string, Binding | undefined>;
  const ALIVE: readonly Name[] = ['active, no expiry', 'active, living', 'refreshing, no expiry', 'refreshing, living'];

  /** The verdict on each state for the bindings in the order above; `send` stands for the state itself. */
  const verdictsOn = (name: Name): readonly string[] => {
    if (name === 'loading') return ['wait', ...Array(4).fill('session-gone')];
    if (name.startsWith('signed-out')) return ['no-session', ...Array(4).fill('session-gone')];
    const verdict = ALIVE.includes(name) ? 'send' : 'wait';
    return [verdict, verdict, verdict, 'wait', 'session-gone'];
  };

  const rows = NAMES.flatMap((state) =>
    Object.entries(BINDINGS).map(([binding, value], at) => ({ state, binding, value, wanted: verdictsOn(state)[at] })),
  );

  it.each(rows)('returns $wanted for $state and a binding to $binding', ({ state, value, wanted }) => {
    const before: SessionState = deepFreeze(STATES[state]);
    expect(decide(before, value, NOW_MS)).toBe(wanted === 'send' ? before : wanted);
  });

  /** Without a refresh, tokens that are dead are sent too, unless one is running that a request can wait for. */
  const verdictsWithoutRenewal = (name: Name): readonly string[] =>
    /^(active|expired)/.test(name) ? ['send', 'send', 'send', 'wait', 'session-gone'] : verdictsOn(name);

  const rowsWithoutRenewal = rows.map((row, at) => ({ ...row, wanted: verdictsWithoutRenewal(row.state)[at % 5] }));

  it.each(rowsWithoutRenewal)('returns $wanted for $state and $binding, with renew: false', (row) => {
    const before: SessionState = deepFreeze(STATES[row.state]);
    expect(decide(before, row.value, NOW_MS, false)).toBe(row.wanted === 'send' ? before : row.wanted);
  });

  it('covers every pair of a state and a binding', () => {
    expect(rows).toHaveLength(NAMES.length * 5);
  });
});
