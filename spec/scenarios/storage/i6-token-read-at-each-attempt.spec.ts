import {
  bearer,
  createApi,
  createSession,
  type HttpRequest,
  type Interceptor,
  memoryStore,
  type TokenGrant,
} from 'renewal';
import { delay, map, of, Subject, switchMap, take, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient, lineOf, ORIGIN, response, virtually } from '../../support/virtual';

failureMode(
  {
    id: 'I6',
    title: 'The token is captured once',
    renewal:
      'Each attempt reads the token of the session when it leaves, never at the creation of the request, the client or the session.',
    threads: ['Flyrell/axios-auth-refresh#95'],
  },
  (signal) => {
    it('gives a request created before a refresh and subscribed after it the new token', () => {
      const { api, session, sent } = createVirtualClient({ signal });
      const request$ = api.get$('/a');
      outcomeOf(session.refresh$());
      expect(outcomeOf(request$)).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /a T2']);
    });

    it('gives older clients the token of a later sign-in, and none after the sign-out', () => {
      const session = createSession({ refresh: createIssuer().refresh, store: memoryStore() });
      const sent: string[] = [];
      const transport = (request: HttpRequest) => {
        sent.push(lineOf(request));
        return of(response(200));
      };
      const api = createApi({ baseUrl: ORIGIN, session, transport });
      const others = [api.extend({}), createApi({ baseUrl: ORIGIN, interceptors: [bearer(session)], transport })];
      for (const [index, change] of [
        () => {},
        () => session.signIn({ accessToken: 'B1' }),
        session.signOut,
      ].entries()) {
        change();
        for (const each of [api, ...others]) outcomeOf(each.get$(`/${index}`));
      }
      expect(sent).toEqual(['-', 'B1', '-'].flatMap((token, index) => Array(3).fill(`GET /${index} ${token}`)));
    });

    it('gives a request that an interceptor held the current token at its release', () => {
      virtually(({ expectObservable, flush }) => {
        const { api, session, sent } = createVirtualClient({ signal });
        const slow: Interceptor = (request, next) => timer(9).pipe(switchMap(() => next(request)));
        expectObservable(api.extend({ interceptors: [slow] }).get$('/a')).toBe('9ms (v|)', { v: { by: 'T2' } });
        outcomeOf(session.refresh$());
        flush();
        expect(sent).toEqual(['GET /a T2']);
      });
    });

    it('gives each repetition by an interceptor the current token', () => {
      virtually(({ cold, expectObservable, flush }) => {
        const { api, session, sent } = createVirtualClient({
          signal,
          isDead: () => false,
          respond: (request, answer) => of(lineOf(request).endsWith('T1') ? response(503) : answer),
        });
        const again: Interceptor = (request, next) =>
          next(request).pipe(
            switchMap((event) =>
              event.type === 'response' && event.status === 503
                ? timer(9).pipe(switchMap(() => next(request)))
                : of(event),
            ),
          );
        expectObservable(api.extend({ interceptors: [again] }).get$('/a')).toBe('9ms (v|)', { v: { by: 'T2' } });
        cold('5ms a', { a: 0 }).subscribe(() => outcomeOf(session.refresh$()));
        flush();
        expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
      });
    });

    it.each<[string, Interceptor]>([
      ['holds back', (request, next) => timer(9).pipe(switchMap(() => next(request)))],
      [
        'sends again',
        (request, next) =>
          next(request).pipe(
            delay(9),
            switchMap(() => next(request)),
          ),
      ],
    ])('gives a request that an interceptor %s no token of a later sign-in', (_, interceptor) => {
      virtually(({ cold, expectObservable, flush }) => {
        const { api, session, sent } = createVirtualClient({ signal, isDead: () => false });
        const request$ = api.extend({ interceptors: [interceptor] }).post$('/pay', { by: 'A' });
        expectObservable(request$).toBe('9ms #', undefined, expect.objectContaining({ code: 'signed-out' }));
        cold('5ms a').subscribe(() => {
          session.signIn({ accessToken: 'B1' });
        });
        flush();
        expect(sent.filter((line) => line.endsWith('B1'))).toEqual([]);
      });
    });

    it('gives a queued request the token that is current when it leaves', () => {
      const grants = new Subject<TokenGrant>();
      const turns = new Subject<void>();
      const { api, session, sent } = createVirtualClient({
        signal,
        refresh: () => grants,
        releaseConcurrency: 1,
        respond: (request, answer) =>
          lineOf(request).endsWith('T1')
            ? of(answer)
            : turns.pipe(
                take(1),
                map(() => answer),
              ),
      });
      const outcomes = ['/a', '/b', '/c'].map((path) => outcomeOf(api.get$(path)));
      grants.next({ accessToken: 'T2' });
      outcomeOf(session.refresh$());
      grants.next({ accessToken: 'T3' });
      for (const _ of outcomes) turns.next();
      expect(sent).toEqual(['GET /a T1', 'GET /a T2', 'GET /b T3', 'GET /c T3']);
      expect(outcomes).toEqual(['T2', 'T3', 'T3'].map((by) => completedWith({ by })));
    });

    it('applies `authorize` to the original request at each attempt', () => {
      const { api, sent } = createVirtualClient({
        signal,
        authorize: (request, { accessToken }) => {
          const { authorization: before = 'Bearer ' } = request.headers;
          return { ...request, headers: { ...request.headers, authorization: `${before}${accessToken}` } };
        },
      });
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
    });
  },
);
