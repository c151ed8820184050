import { createApi, createSession, memoryStore, type SessionOptions, type TokenGrant } from 'renewal';
import { defer, firstValueFrom, lastValueFrom, map, type Observable, of, switchMap, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { type Echo, json, REFRESH } from '../../support/server';
import { errorsOf, paths, settleAll } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { createVirtualClient, response, type VirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };

/** The ways in which `refresh` may send a request through the client of its own session. */
const WAYS: readonly (readonly [
  how: string,
  refresh: (renewal$: Observable<TokenGrant>) => ReturnType<SessionOptions['refresh']>,
])[] = [
  ['returned as it is', (renewal$) => renewal$],
  ['returned as a promise', (renewal$) => firstValueFrom(renewal$)],
  ['deferred', (renewal$) => defer(() => renewal$)],
];

failureMode(
  {
    id: 'A5',
    title: 'The refresh goes through its own client and waits for itself',
    renewal:
      'A request sent during the call of `refresh` leaves at once, without a token, and starts no refresh. A later one waits, and `refreshTimeoutMs` ends the wait.',
    threads: ['Flyrell/axios-auth-refresh#120', 'jetbridge/axios-jwt#4', 'auth0/angular2-jwt#576'],
  },
  (signal) => {
    const server = withServer(signal);

    /** A client whose session is refreshed, or restored, through that same client. */
    const createOwn = (refresh: (typeof WAYS)[number][1], isRestored = false) => {
      const issued = server.issue();
      server.live.clear();
      const post$ = (refreshToken: string | undefined) => api.post$<TokenGrant>(REFRESH, { refreshToken });
      const store = memoryStore(isRestored ? undefined : issued);
      const session = createSession({
        store,
        refresh: ({ refreshToken }) => refresh(post$(refreshToken)),
        ...(isRestored && { restore: () => refresh(post$(issued.refreshToken)) }),
      });
      const api = createApi({ baseUrl: server.origin, session });
      return { api, session, store };
    };

    it.each(WAYS)('sends the request of `refresh` without a token and without a wait, when %s', async (_, refresh) => {
      const { api, session, store } = createOwn(refresh);
      const results = await settleAll(paths(10).map((path) => api.get$<Echo>(path)));
      expect(errorsOf(results)).toEqual(Array(10).fill(undefined));
      expect(server.refreshHits).toMatchObject([{ authorization: undefined }]);
      for (const path of paths(10)) expect(server.tokensOf(path)).toEqual(['a.access.1', 'a.access.2']);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'a.access.2' } });
      expect(await store.load()).toMatchObject({ accessToken: 'a.access.2', refreshToken: 'a.refresh.2' });
    });

    it.each(WAYS)('sends the request of `restore` likewise, when %s', async (_, refresh) => {
      const { api } = createOwn(refresh, true);
      const results = await settleAll(paths(10).map((path) => api.get$<Echo>(path)));
      expect(errorsOf(results)).toEqual(Array(10).fill(undefined));
      expect(server.refreshHits).toMatchObject([{ authorization: undefined }]);
      for (const path of paths(10)) expect(server.tokensOf(path)).toEqual(['a.access.2']);
    });

    it.each(
      WAYS.flatMap(([way, refresh]) => [
        [401, way, refresh, json({ error: 'expired' }, 401)] as const,
        [1002, way, refresh, json({ code: 1002 })] as const,
      ]),
    )(
      'sends one refresh request, and no second, if the response is %d and it is %s',
      async (_code, _way, refresh, reply) => {
        const { api, session } = createOwn(refresh);
        server.refreshReply = reply;
        const errors = errorsOf(await settleAll(paths(10).map((path) => api.get$(path))));
        expect(errors).toMatchObject(Array(10).fill({ code: 'session-expired' }));
        expect(server.refreshes).toBe(1);
        expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
        expect(tokensShownBy(errors)).toEqual([]);
      },
    );

    it('leaves other requests of that moment to the session', async () => {
      const { api } = createOwn((renewal$) => renewal$);
      const hold = server.hold(({ path }) => path === REFRESH);
      const first = lastValueFrom(api.get$<Echo>('/first'));
      await hold.arrived(1);
      const waiting = lastValueFrom(api.get$<Echo>('/waiting'));
      hold.open();
      expect(await first).toMatchObject({ by: 'a.access.2' });
      expect(await waiting).toMatchObject({ by: 'a.access.2', nth: 1 });
      expect(server.refreshes).toBe(1);
    });

    /** A client in virtual time whose `refresh` uses that client; the refresh endpoint responds at once. */
    const createVirtualOwn = (refresh: (client: VirtualClient) => Observable<TokenGrant>): VirtualClient => {
      const client: VirtualClient = createVirtualClient({
        signal,
        refreshTimeoutMs: 500,
        refresh: () => refresh(client),
        respond: ({ url }, answer) => of(url.endsWith(REFRESH) ? response(200, T2) : answer),
      });
      return client;
    };

    it.each<[what: string, refresh: (client: VirtualClient) => Observable<TokenGrant>]>([
      [
        'sends the request too late to be recognised',
        ({ api }) => timer(1).pipe(switchMap(() => api.post$<TokenGrant>(REFRESH))),
      ],
      ['asks the session for a token', ({ session }) => session.accessToken$().pipe(map(() => T2))],
      ['asks the session for a refresh', ({ session }) => session.refresh$()],
    ])('ends after refreshTimeoutMs if `refresh` %s', (_, refresh) => {
      virtually(({ expectObservable, flush }) => {
        const { api, session, sent } = createVirtualOwn(refresh);
        const error = expect.objectContaining({ code: 'refresh' });
        expectObservable(api.get$('/first')).toBe('500ms #', undefined, error);
        expectObservable(api.get$('/waiting'), '9ms ^').toBe('500ms #', undefined, error);
        flush();
        expect(session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'T1' } });
        expect(sent).toEqual(['GET /first T1']);
      });
    });

    it('ends a `restore` that sends its request too late as well', () => {
      virtually(({ expectObservable, flush }) => {
        const { api, sent }: VirtualClient = createVirtualClient({
          signal,
          refreshTimeoutMs: 500,
          store: memoryStore(),
          restore: () => timer(1).pipe(switchMap(() => api.post$<TokenGrant>(REFRESH))),
        });
        expectObservable(api.get$('/first')).toBe('500ms #', undefined, expect.objectContaining({ code: 'refresh' }));
        flush();
        expect(sent).toEqual([]);
      });
    });

    it('sends a late request with auth: false', () => {
      virtually(({ flush }) => {
        const { api, sent } = createVirtualOwn(({ api }) =>
          timer(1).pipe(switchMap(() => api.post$<TokenGrant>(REFRESH, null, { auth: false }))),
        );
        const outcome = outcomeOf(api.get$('/first'));
        flush();
        expect(outcome).toEqual(completedWith({ by: 'T2' }));
        expect(sent).toEqual(['GET /first T1', `POST ${REFRESH} -`, 'GET /first T2']);
      });
    });
  },
);
