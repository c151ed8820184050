import {
  createApi,
  createSession,
  envelope,
  isApiError,
  type SessionState,
  type TokenGrant,
  webStorageStore,
} from 'renewal';
import { filter, firstValueFrom, from, lastValueFrom, map, mergeMap, type Observable } from 'rxjs';
import { CLIENT_KEY, DEMO_USER, type TokenPair } from '../../examples/shop/protocol';
import { type Barrier, createBarrier } from './barrier';

/** A client of the shop in a page of its own: what a spec does with one tab. */
export interface Tab {
  signIn(): Promise<void>;
  signOut(): Promise<void>;
  /** Sends requests at once; resolves with what became of each: `'ok'`, or the code of its error. */
  get(count: number): Promise<string[]>;
  readonly state: SessionState;
  /** Resolves with the time, by this machine's clock, once the session is in that status. */
  until(status: SessionState['status']): Promise<number>;
  /** Keeps the tokens fresh from now on. */
  keepFresh(whileHidden?: boolean): void;
  /** What has been told of the session: signed-in, adopted and so on. */
  readonly phases: string[];
  readonly warnings: string[];
  /** Makes the next refresh wait, before it asks, until `goOn` is called. */
  hesitate(): void;
  /** Resolves once a refresh has come to wait there. */
  hesitates(): Promise<void>;
  goOn(): void;
  /** How often `onExpired` was called. */
  expired: number;
}

declare global {
  var tab: Tab;
}

const given = new URLSearchParams(location.search);
const http = createApi({ baseUrl: `${location.protocol}//${location.host}`, interceptors: [envelope()] });
const ask = (path: string, body: object): Observable<TokenGrant> =>
  http.post$<TokenPair>(path, body).pipe(
    map(({ token, refreshToken }) => ({
      accessToken: token,
      refreshToken,
      expiresInMs: Number(given.get('lifeMs')),
    })),
  );

let asked = 0;
/** No two urls are the same: WebKitGTK joins identical GETs that are in flight. */
const orders = (): string => `/orders?request=${++asked}`;

let hesitation: { readonly reached: Barrier; readonly over: Barrier } | undefined;

const session = createSession({
  store: webStorageStore({
    lockTimeoutMs: Number(given.get('lockTimeoutMs') ?? 5_000),
    ...(given.has('keys') && { keys: { accessToken: 'token', refreshToken: 'refreshToken' } }),
  }),
  refresh: ({ refreshToken }) => {
    const granted$ = ask('/app/renewal', { authorization: CLIENT_KEY, refreshToken });
    if (!hesitation) return granted$;
    hesitation.reached.open();
    return from(hesitation.over.passed).pipe(mergeMap(() => granted$));
  },
  onExpired: () => {
    tab.expired++;
  },
});
const api = http.extend({ session });

const outcomeOf = (request$: Observable<unknown>): Promise<string> =>
  lastValueFrom(request$).then(
    () => 'ok',
    (error) => (isApiError(error) ? error.code : `${error}`),
  );

globalThis.tab = {
  signIn: async () => session.signIn(await firstValueFrom(ask('/app/login', DEMO_USER))),
  signOut: () => session.signOut(),
  get: (count) => Promise.all(Array.from({ length: count }, () => outcomeOf(api.get$(orders())))),
  get state() {
    return session.state;
  },
  until: async (status) => {
    await firstValueFrom(session.state$.pipe(filter((state) => state.status === status)));
    return Date.now();
  },
  keepFresh: (whileHidden = false) => {
    session.keepFresh$({ whileHidden }).subscribe();
  },
  phases: [],
  warnings: [],
  hesitate: () => {
    hesitation = { reached: createBarrier(), over: createBarrier() };
  },
  hesitates: async () => hesitation?.reached.passed,
  goOn: () => {
    hesitation?.over.open();
    hesitation = undefined;
  },
  expired: 0,
};

api.events$.subscribe((event) => {
  if (event.type === 'session') tab.phases.push(event.phase);
  if (event.type === 'warning') tab.warnings.push(event.message);
});
