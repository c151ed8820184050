import {
  createApi,
  createSession,
  envelope,
  isApiError,
  memoryStore,
  type SessionState,
  type TokenGrant,
  type TokenStore,
  webStorageStore,
} from 'renewal';
import { filter, firstValueFrom, from, lastValueFrom, map, mergeMap, type Observable } from 'rxjs';
import { CLIENT_KEY, type Credentials, DEMO_USER, OTHER_USER, type TokenPair } from '../../examples/shop/protocol';
import { type Barrier, createBarrier } from './barrier';

/** The users that the shop knows. */
export type UserName = 'ada' | 'grace';

/** The commands to one session of a page. */
export interface TabClient {
  /** @param user - Ada by default. */
  signIn(user?: UserName): Promise<void>;
  signOut(): Promise<void>;
  /** Sends requests at once; resolves with the outcome of each: `'ok'`, or the code of its error. */
  get(count: number): Promise<string[]>;
  /** Resolves with the user to whom the shop attributes this session, or with the code of the error. */
  me(): Promise<string>;
  readonly state: SessionState;
  /** Resolves with the time, by this machine's clock, once the session has that status. */
  until(status: SessionState['status']): Promise<number>;
}

/** A client of the shop in its own page: the commands of a spec to one tab. */
export interface Tab extends TabClient {
  /** Signs a user in at that time of this machine's clock, with tokens that were issued before; resolves with them. */
  signInAt(atMs: number, user: UserName): Promise<TokenGrant>;
  /** Makes the shop issue tokens outside any session, like code that does not use renewal. */
  login(user: UserName): Promise<TokenPair>;
  /** The outcomes of the requests that the page sent while it loaded. */
  readonly initialOutcomes: Promise<string[]>;
  /** The second session of a page that was opened with `second`; otherwise the first one. */
  readonly second: TabClient;
  /** Keeps the tokens fresh from now on. */
  keepFresh(whileHidden?: boolean): void;
  /** The phases of the session events so far: signed-in, adopted and so on. */
  readonly phases: string[];
  readonly warnings: string[];
  /** Holds the next refresh, before it is sent, until `releaseRefresh` is called. */
  holdRefresh(): void;
  /** Resolves once a refresh is held. */
  refreshHeld(): Promise<void>;
  releaseRefresh(): void;
  /** How often `onSessionExpired` was called. */
  expired: number;
}

declare global {
  var tab: Tab;
}

const USERS: Readonly<Record<UserName, Credentials>> = { ada: DEMO_USER, grace: OTHER_USER };

const given = new URLSearchParams(location.search);
const numberOf = (name: string, otherwise: number): number => Number(given.get(name) ?? otherwise);

/** True if the refresh token is a cookie that scripts cannot read. */
const hasCookie = given.has('cookie');
const base = hasCookie ? '/cookie' : '/app';

const http = createApi({ baseUrl: `${location.protocol}//${location.host}`, interceptors: [envelope()] });
const ask = (path: string, body: object): Observable<TokenGrant> =>
  http.post$<TokenPair>(`${base}${path}`, body).pipe(
    map(({ token, refreshToken }) => ({
      accessToken: token,
      refreshToken,
      expiresInMs: numberOf('lifeMs', 0),
    })),
  );
const renew = (refreshToken?: string): Observable<TokenGrant> =>
  ask('/renewal', { authorization: CLIENT_KEY, refreshToken });
const grantFor = (user: UserName): Promise<TokenGrant> => firstValueFrom(ask('/login', USERS[user]));

let asked = 0;
/** Makes each url unique: WebKitGTK merges identical GETs that are in flight. */
const once = (path: string): string => `${path}?request=${++asked}`;

let refreshHold: { readonly reached: Barrier; readonly over: Barrier } | undefined;

const openStore = (): TokenStore => {
  if (hasCookie) return memoryStore(undefined, { name: 'shop' });
  if (given.has('memory')) return memoryStore();
  return webStorageStore({
    lockTimeoutMs: numberOf('lockTimeoutMs', 5_000),
    ...(given.has('keys') && { keys: { accessToken: 'token', refreshToken: 'refreshToken' } }),
  });
};

const outcomeOf = (request$: Observable<unknown>): Promise<string> =>
  lastValueFrom(request$).then(
    () => 'ok',
    (error) => (isApiError(error) ? error.code : `${error}`),
  );

const openClient = (store: TokenStore) => {
  const session = createSession({
    store,
    refreshTimeoutMs: numberOf('refreshTimeoutMs', 30_000),
    ...(hasCookie && { restore: () => renew() }),
    refresh: ({ refreshToken }) => {
      const granted$ = renew(refreshToken);
      if (!refreshHold) return granted$;
      refreshHold.reached.open();
      return from(refreshHold.over.opened).pipe(mergeMap(() => granted$));
    },
    onSessionExpired: () => {
      tab.expired++;
    },
  });
  const api = http.extend({ session });
  const client: TabClient = {
    signIn: async (user = 'ada') => session.signIn(await grantFor(user)),
    signOut: async () => {
      if (hasCookie) await firstValueFrom(http.post$('/cookie/logout'));
      await session.signOut();
    },
    get: (count) => Promise.all(Array.from({ length: count }, () => outcomeOf(api.get$(once('/orders'))))),
    me: () =>
      lastValueFrom(api.get$<{ readonly user: string }>(once('/me'))).then(
        ({ user }) => user,
        (error) => (isApiError(error) ? error.code : `${error}`),
      ),
    get state() {
      return session.state;
    },
    until: async (status) => {
      await firstValueFrom(session.state$.pipe(filter((state) => state.status === status)));
      return Date.now();
    },
  };
  return { session, api, client };
};

const store = openStore();
const { session, api, client } = openClient(store);

globalThis.tab = Object.assign(client, {
  signInAt: async (atMs: number, user: UserName) => {
    const grant = await grantFor(user);
    await new Promise((resolve) => setTimeout(resolve, atMs - Date.now()));
    await session.signIn(grant);
    return grant;
  },
  login: (user: UserName) => firstValueFrom(http.post$<TokenPair>('/app/login', USERS[user])),
  initialOutcomes: client.get(numberOf('requests', 0)),
  second: given.has('second') ? openClient(given.get('second') === 'store' ? store : openStore()).client : client,
  keepFresh: (whileHidden = false) => {
    session.keepFresh$({ whileHidden }).subscribe();
  },
  phases: [],
  warnings: [],
  holdRefresh: () => {
    refreshHold = { reached: createBarrier(), over: createBarrier() };
  },
  refreshHeld: async () => refreshHold?.reached.opened,
  releaseRefresh: () => {
    refreshHold?.over.open();
    refreshHold = undefined;
  },
  expired: 0,
});

api.events$.subscribe((event) => {
  if (event.type === 'session') tab.phases.push(event.phase);
  if (event.type === 'warning') tab.warnings.push(event.message);
});
