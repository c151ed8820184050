import { inspect } from 'node:util';
import {
  createApi,
  createSession,
  memoryStore,
  type SessionOptions,
  statusCode,
  type TokenGrant,
  type TokenStore,
  type Tokens,
} from 'renewal';
import { type FakeBackend, fakeBackend } from 'renewal/testing';
import { catchError, EMPTY, firstValueFrom, forkJoin, map, NEVER, type Observable, switchMap, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createShop, type Shop, type ShopOptions } from '../../examples/testing/shop';

type Create = (options: ShopOptions) => Shop;

const ROUTES = { '/orders': () => ({ id: 7 }) };

/** A user's tests of an app, as the guide shows them. Each rejects if it is red. */
const TESTS: readonly ((create: Create, backend: FakeBackend) => Promise<void>)[] = [
  async function tokenExpires(create, backend) {
    const { session, page$ } = create({ transport: backend.transport });
    await session.signIn(backend.issue());
    for (let round = 1; round <= 2; round++) {
      backend.expireTokens();
      expect(await within(firstValueFrom(page$), 'the page')).toHaveLength(10);
      expect(backend.refreshes, 'refreshes').toBe(round);
    }
  },
  async function refreshIsUnavailable(create, backend) {
    const { session, page$ } = create({ transport: backend.transport });
    await session.signIn(backend.issue());
    backend.expireTokens();
    backend.failNextRefresh('unavailable');
    await expect(within(firstValueFrom(page$), 'the page')).rejects.toMatchObject({ code: 'refresh' });
    expect(session.state.status, 'the session after a refresh that was unavailable').toBe('expired');
  },
  async function sessionEnds(create, backend) {
    const onSessionExpired = vi.fn();
    const { session, page$ } = create({ transport: backend.transport, onSessionExpired });
    await session.signIn(backend.issue());
    backend.revoke();
    await expect(within(firstValueFrom(page$), 'the page')).rejects.toMatchObject({ code: 'session-expired' });
    expect(onSessionExpired, 'onSessionExpired').toHaveBeenCalledOnce();
  },
  async function pageIsLoadedAgain(create, backend) {
    const store = memoryStore();
    await create({ transport: backend.transport, store }).session.signIn(backend.issue());
    const { session } = create({ transport: backend.transport, store });
    expect(session.state.status, 'the session after the page is loaded again').toBe('active');
  },
];

/** Rejects once all timers of the app have run. */
const within = async <T>(work: Promise<T>, what: string): Promise<T> => {
  const hangs = vi.advanceTimersByTimeAsync(60_000).then(() => {
    throw new Error(`${what}: nothing has come within a minute`);
  });
  return Promise.race([work, hangs]);
};

/** What a failing test says, in the words that a runner prints; empty if it is green. */
const failureOf = (work: () => Promise<unknown>): Promise<string> =>
  work().then(
    () => '',
    (error) => inspect(error),
  );

/** What the red tests say. Each ends with `verify`, as in an `afterEach`. */
const failuresOf = async (create: Create): Promise<string> => {
  const failures = await Promise.all(
    TESTS.map(async (test) => {
      const backend = fakeBackend({ routes: ROUTES });
      return [await failureOf(() => test(create, backend)), await failureOf(async () => backend.verify())];
    }),
  );
  return failures.flat().filter(Boolean).join('\n');
};

interface Parts {
  readonly refresh: (http: ReturnType<typeof createApi>, tokens: Tokens) => Observable<TokenGrant>;
  readonly options: Partial<SessionOptions>;
  readonly store: (store: TokenStore) => TokenStore;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly onError: (session: ReturnType<typeof createSession>) => (error: unknown) => Observable<never>;
}

const post = (http: ReturnType<typeof createApi>, { refreshToken }: Tokens, path = '/refresh') =>
  http.post$<TokenGrant>(path, { refreshToken });

/** The app with parts that are wrong. */
const shopWith =
  ({
    refresh = post,
    options = {},
    store: change = (store) => store,
    path = '/orders',
    headers = {},
    onError,
  }: Partial<Parts>): Create =>
  ({ transport, store = memoryStore(), onSessionExpired = () => {} }) => {
    const http = createApi({ baseUrl: 'https://shop.example', transport });
    const session = createSession({
      store: change(store),
      onSessionExpired,
      refresh: (tokens) => refresh(http, tokens),
      ...options,
    });
    const api = http.extend({ session, headers });
    const page$ = forkJoin(Array.from({ length: 10 }, () => api.get$<{ id: number }>(path)));
    return { session, page$: onError ? page$.pipe(catchError(onError(session))) : page$ };
  };

const createFirstTokenKeeper = (): Parts['refresh'] => {
  let first: string | undefined;
  return (http, tokens) => {
    first ??= tokens.refreshToken;
    return post(http, { ...tokens, ...(first !== undefined && { refreshToken: first }) });
  };
};

const FAULTS: readonly (readonly [string, Partial<Parts>, RegExp])[] = [
  [
    'reads another field of the grant',
    { refresh: (http, tokens) => post(http, tokens).pipe(map((body) => ({ accessToken: Object(body).access_token }))) },
    /no accessToken in what it emitted/,
  ],
  [
    'sends another field',
    { refresh: (http, { refreshToken }) => http.post$<TokenGrant>('/refresh', { refresh_token: refreshToken }) },
    /refreshToken: expected a string \(keys: refresh_token\)/,
  ],
  [
    'sends the first refresh token for ever',
    { refresh: createFirstTokenKeeper() },
    /its refresh token has been used before/,
  ],
  [
    'drops the refresh token',
    { refresh: (http, tokens) => post(http, tokens).pipe(map(({ accessToken }) => ({ accessToken }))) },
    /its refresh token has been used before/,
  ],
  [
    'refreshes at another path',
    { refresh: (http, tokens) => post(http, tokens, '/renew') },
    /POST \/renew: there is no such route/,
  ],
  ['never settles', { refresh: () => NEVER }, /the refresh took too long/],
  [
    'swallows the error of the refresh',
    { refresh: (http, tokens) => post(http, tokens).pipe(catchError(() => EMPTY)) },
    /the refresh failed .* to match object { code: 'session-expired' }/,
  ],
  ['takes each failure for a refusal', { options: { isRefused: () => true } }, /session-expired/],
  [
    'signs out at each error',
    {
      onError: (session) => (error) => {
        void session.signOut();
        return throwError(() => error);
      },
    },
    /the session after a refresh that was unavailable/,
  ],
  ['keeps no tokens', { store: () => memoryStore() }, /the session after the page is loaded again/],
  ['does not know the signal of its server', { options: { isExpired: statusCode(403) } }, /status 401/],
  ['sends a token of its own', { headers: { authorization: 'Bearer of-its-own' } }, /status 401/],
  ['sends its requests to another path', { path: '/order' }, /GET \/order: there is no such route/],
  [
    'refreshes twice',
    {
      refresh: (http, tokens) =>
        post(http, tokens).pipe(switchMap((grant) => post(http, { ...tokens, refreshToken: `${grant.refreshToken}` }))),
    },
    /refreshes/,
  ],
];

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the tests of an app', () => {
  it('are green for an app that is right', async () => {
    expect(await failuresOf(createShop)).toBe('');
    expect(await failuresOf(shopWith({}))).toBe('');
  });

  it.each(FAULTS)('are red if it %s, and say why', async (_name, parts, said) => {
    expect(await failuresOf(shopWith(parts))).toMatch(said);
  });
});
