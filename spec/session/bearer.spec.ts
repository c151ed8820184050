import { setImmediate } from 'node:timers/promises';
import {
  bearer,
  createApi,
  type HttpEvent,
  type HttpRequest,
  type HttpResponse,
  type Interceptor,
  type ResponseType,
  type SessionState,
  type TokenGrant,
} from 'renewal';
import {
  concat,
  delay,
  EMPTY,
  NEVER,
  type Observable,
  of,
  Subject,
  switchMap,
  takeUntil,
  throwError,
  timer,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createSessionId } from '../../lib/session/state/session-id';
import { createCellStore, observe, tokens } from '../support/cell-store';
import { completedWith, outcomeOf } from '../support/http-client';
import { requestOf } from '../support/request';
import { createVirtualClient, lineOf, ORIGIN, response, virtually } from '../support/virtual';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };

describe('a request with a live token', () => {
  it('is sent with the token in the same tick', () => {
    virtually(({ expectObservable, cold }) => {
      const { api, sent } = createVirtualClient({
        isDead: () => false,
        refresh: () => cold<TokenGrant>('---(a|)', { a: T2 }),
      });
      expectObservable(api.get$('/a')).toBe('(v|)', { v: { by: 'T1' } });
      expect(sent).toEqual([]);
    });
  });

  it('is sent once for each subscription, and never without a subscription', () => {
    const { api, sent } = createVirtualClient({ isDead: () => false });
    const request$ = api.get$('/a');
    expect(sent).toEqual([]);
    request$.subscribe();
    request$.subscribe();
    expect(sent).toEqual(['GET /a T1', 'GET /a T1']);
  });

  it('is aborted when it is unsubscribed', () => {
    virtually(({ cold, expectObservable, expectSubscriptions }) => {
      const wire = cold<HttpResponse>('-----(a|)', { a: response(200) });
      const { api } = createVirtualClient({ respond: () => wire });
      expectObservable(api.get$('/a'), '--!').toBe('---');
      expectSubscriptions(wire.subscriptions).toBe('^-!');
    });
  });
});

describe('a request whose response says that the token has expired', () => {
  it('waits for the refresh, and is replayed once with the new token', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const refresh = cold<TokenGrant>('----(a|)', { a: T2 });
      const { api, sent } = createVirtualClient({ refresh: () => refresh });
      expectObservable(api.get$('/a')).toBe('----(v|)', { v: { by: 'T2' } });
      expectSubscriptions(refresh.subscriptions).toBe('^---!');
      flush();
      expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
    });
  });

  it('shares one refresh with all waiters, which are sent in the order of arrival', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const refresh = cold<TokenGrant>('------(a|)', { a: T2 });
      const { api, sent } = createVirtualClient({ refresh: () => refresh });
      expectObservable(api.get$('/a')).toBe('------(v|)', { v: { by: 'T2' } });
      expectObservable(api.get$('/b'), '--^').toBe('------(v|)', { v: { by: 'T2' } });
      expectObservable(api.get$('/c'), '---^').toBe('------(v|)', { v: { by: 'T2' } });
      expectSubscriptions(refresh.subscriptions).toBe('^-----!');
      flush();
      expect(sent).toEqual(['GET /a T1', 'GET /a T2', 'GET /b T2', 'GET /c T2']);
    });
  });

  it('is replayed at once, without a second refresh, if its token was an older token', () => {
    virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
      const refresh = cold<TokenGrant>('--(a|)', { a: T2 });
      const { api, sent } = createVirtualClient({
        refresh: () => refresh,
        respond: (request, normal) => of(normal).pipe(delay(lineOf(request) === 'GET /slow T1' ? 9 : 0)),
      });
      expectObservable(api.get$('/slow')).toBe('---------(v|)', { v: { by: 'T2' } });
      expectObservable(api.get$('/fast')).toBe('--(v|)', { v: { by: 'T2' } });
      expectSubscriptions(refresh.subscriptions).toBe('^-!');
      flush();
      expect(sent).toEqual(['GET /slow T1', 'GET /fast T1', 'GET /fast T2', 'GET /slow T2']);
    });
  });

  it('errors with the second response if a fresh token is rejected as well', () => {
    virtually(({ cold, flush }) => {
      const { api, sent } = createVirtualClient({ isDead: () => true, refresh: () => cold('--(a|)', { a: T2 }) });
      const errors: unknown[] = [];
      api.get$('/a').subscribe({ error: (error) => errors.push(error) });
      flush();
      expect(errors).toMatchObject([{ code: 'token-rejected', response: { body: { dead: 'T2' } } }]);
      expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
    });
  });

  it('causes no second refresh on the same route, while other routes may refresh', () => {
    let refreshes = 0;
    const { api } = createVirtualClient({
      isDead: () => true,
      refresh: () => of({ accessToken: `T${++refreshes + 1}` }),
    });
    const refreshesAfter = (path: string): number => {
      api.get$(path).subscribe({ error: () => {} });
      return refreshes;
    };
    expect(['/a?page=1', '/a?page=2', '/b', '/b'].map(refreshesAfter)).toEqual([1, 1, 2, 2]);
  });

  it('may cause a second refresh on the same route after 30 s', () => {
    virtually(({ cold, flush }) => {
      let refreshes = 0;
      const { api } = createVirtualClient({
        isDead: () => true,
        refresh: () => of({ accessToken: `T${++refreshes + 1}` }),
      });
      const seen: number[] = [];
      cold('a 29s a 1s a', { a: 0 }).subscribe(() => {
        api.get$('/a').subscribe({ error: () => {} });
        seen.push(refreshes);
      });
      flush();
      expect(seen).toEqual([1, 1, 2]);
    });
  });

  it('errors with its response if the session is signed out', () => {
    const { api, session, sent } = createVirtualClient({ isDead: () => true });
    session.signOut();
    const errors: unknown[] = [];
    api.get$('/a').subscribe({ error: (error) => errors.push(error) });
    expect(errors).toMatchObject([{ code: 'status', status: 401 }]);
    expect(sent).toEqual(['GET /a -']);
  });

  it('is not replayed if its body is a stream, but the token is refreshed', () => {
    const { api, session, sent } = createVirtualClient({ refresh: () => of(T2) });
    const errors: unknown[] = [];
    api.post$('/upload', new ReadableStream()).subscribe({ error: (error) => errors.push(error) });
    expect(errors).toMatchObject([{ code: 'body-not-replayable' }]);
    expect(sent).toEqual(['POST /upload T1']);
    expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
    api.post$('/upload', new ReadableStream()).subscribe();
    expect(sent).toEqual(['POST /upload T1', 'POST /upload T2']);
  });

  it('settles over a synchronous transport that rejects a token once, or always', () => {
    const once = createVirtualClient();
    const values: unknown[] = [];
    once.api.get$('/a').subscribe((value) => values.push(value));
    expect(values).toEqual([{ by: 'T2' }]);

    const always = createVirtualClient({ isDead: () => true });
    const errors: unknown[] = [];
    for (let time = 0; time < 3; time++) always.api.get$('/a').subscribe({ error: (error) => errors.push(error) });
    expect(errors).toMatchObject(Array(3).fill({ code: 'token-rejected' }));
  });

  it('is replayed even if the server grants the same access token again', () => {
    virtually(({ cold, flush }) => {
      let isDead = true;
      const { api, sent } = createVirtualClient({
        isDead: () => isDead,
        refresh: () => cold<TokenGrant>('---(a|)', { a: { accessToken: 'T1' } }),
      });
      const values: unknown[] = [];
      api.get$('/a').subscribe((value) => values.push(value));
      isDead = false;
      flush();
      expect(values).toEqual([{ by: 'T1' }]);
      expect(sent).toEqual(['GET /a T1', 'GET /a T1']);
    });
  });
});

describe('a request while the token is expired, or nearly', () => {
  const HOUR_MS = 3_600_000;

  it('waits before its first attempt if the token is past its expiry', () => {
    virtually(({ cold, expectSubscriptions, flush }) => {
      const refresh = cold<TokenGrant>('---(a|)', { a: T2 });
      const { api, sent } = createVirtualClient({
        grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 10 },
        refresh: () => refresh,
        refreshAheadMs: 0,
      });
      cold('10ms a', { a: 0 }).subscribe(() => api.get$('/a').subscribe());
      flush();
      expect(sent).toEqual(['GET /a T2']);
      expectSubscriptions(refresh.subscriptions).toBe('10ms ^--!');
    });
  });

  it('is sent with the old token near its expiry, and starts a refresh', () => {
    virtually(({ cold, expectSubscriptions, flush }) => {
      const refresh = cold<TokenGrant>('---(a|)', { a: T2 });
      const { api, sent } = createVirtualClient({
        grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: HOUR_MS },
        isDead: () => false,
        refresh: () => refresh,
      });
      // From 60 s before the hour is over. The third request is sent while the refresh runs, the fourth after it.
      cold(`3539999ms a 1ms a a 9ms a`, { a: 0 }).subscribe(() => api.get$('/a').subscribe());
      flush();
      expect(sent).toEqual(['GET /a T1', 'GET /a T1', 'GET /a T1', 'GET /a T2']);
      expectSubscriptions(refresh.subscriptions).toBe('3540001ms ^--!');
    });
  });

  it('starts the refresh of a short-lived token no earlier than at half its life', () => {
    virtually(({ cold, flush }) => {
      const starts: number[] = [];
      const { api } = createVirtualClient({
        grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 30_000 },
        isDead: () => false,
        refresh: () => {
          starts.push(starts.length);
          return NEVER;
        },
      });
      const seen: number[] = [];
      cold('14999ms a a', { a: 0 }).subscribe(() => {
        api.get$('/a').subscribe();
        seen.push(starts.length);
      });
      flush();
      expect(seen).toEqual([0, 1]);
    });
  });

  it('leaves the session active if an early refresh fails, until the cool-down ends', () => {
    virtually(({ cold, flush }) => {
      let refreshes = 0;
      const { api, session, sent } = createVirtualClient({
        grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 20_000 },
        isDead: () => false,
        refresh: () => {
          refreshes++;
          return throwError(() => new Error('offline'));
        },
      });
      const seen: unknown[] = [];
      cold('10s a 998ms a a', { a: 0 }).subscribe(() => {
        api.get$('/a').subscribe();
        seen.push([refreshes, session.state.status]);
      });
      flush();
      expect(seen).toEqual([
        [1, 'active'],
        [1, 'active'],
        [2, 'active'],
      ]);
      expect(sent).toEqual(Array(3).fill('GET /a T1'));
    });
  });
});

describe('a request that an interceptor delays', () => {
  it.each(['the session is loaded', 'a read of the store'])(
    'is not sent for a user that signs in after %s',
    async (what) => {
      const { cell, store } = createCellStore(tokens('T1', { sessionId: createSessionId(1) }));
      let isLate = what === 'the session is loaded';
      let version = 0;
      const { api, session, sent } = createVirtualClient({
        isDead: () => false,
        store: { ...store, load: () => (isLate ? Promise.resolve(cell.tokens) : cell.tokens), version: () => version },
      });
      const gate = new Subject<void>();
      const slow: Interceptor = (request, next) => gate.pipe(switchMap(() => next(request)));
      isLate = true;
      version = 1;
      const { notifications: seen } = observe(api.extend({ interceptors: [slow] }).get$('/a'));
      await setImmediate();
      expect(session.state).toMatchObject({ tokens: { accessToken: 'T1' } });
      await session.signIn(T2);
      gate.next();
      expect(seen).toMatchObject([{ error: { code: 'signed-out' } }]);
      expect(sent).toEqual([]);
    },
  );
});

describe('the slot of a waiting request', () => {
  it.each<[string, (now: HttpResponse) => Observable<HttpResponse>]>([
    ['a response', (now) => of(now).pipe(delay(5))],
    ['an error of the connection', () => timer(5).pipe(switchMap(() => throwError(() => new Error('reset'))))],
    ['a second expired response', () => of(response(401)).pipe(delay(5))],
    ['the unsubscription of its caller', () => NEVER],
  ])('is given to the next one after %s', (_, end) => {
    virtually(({ flush }) => {
      const { api, sent } = createVirtualClient({
        releaseConcurrency: 1,
        refresh: () => of(T2).pipe(delay(3)),
        respond: ({ url }, now) => (url === `${ORIGIN}/a` && now.status !== 401 ? end(now) : of(now)),
      });
      outcomeOf(api.get$('/a').pipe(takeUntil(timer(20))));
      const next = outcomeOf(api.get$('/b'));
      timer(7).subscribe(() => expect(sent).not.toContain('GET /b T2'));
      flush();
      expect(next).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /a T1', 'GET /a T2', 'GET /b T2']);
    });
  });
});

describe('bearer as an interceptor of the caller', () => {
  it('works as a session of the client does', () => {
    const { session } = createVirtualClient();
    const sent: string[] = [];
    const api = createApi({
      baseUrl: ORIGIN,
      interceptors: [bearer(session)],
      transport: (request) => {
        sent.push(lineOf(request));
        return of(response(sent.length === 1 ? 401 : 200));
      },
    });
    api.get$('/a').subscribe();
    expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
  });

  it('sends no request of a user for another user, however late or often subscribed', () => {
    const { session } = createVirtualClient();
    const sent: string[] = [];
    const events$ = bearer(session, { allowedOrigins: [ORIGIN] })(requestOf({ url: `${ORIGIN}/a` }), (request) => {
      sent.push(lineOf(request));
      return of(response(200));
    });
    events$.subscribe();
    session.signOut();
    session.signIn({ accessToken: 'BOB' });
    expect(outcomeOf(events$)).toMatchObject({ error: { code: 'signed-out' } });
    expect(sent).toEqual(['GET /a T1']);
  });

  it('works beside the session of the client, for its own origins', () => {
    const { session } = createVirtualClient({ isDead: () => false });
    const other = createVirtualClient({ grant: { accessToken: 'B1' } });
    const sent: string[] = [];
    const api = createApi({
      baseUrl: ORIGIN,
      session,
      interceptors: [bearer(other.session, { allowedOrigins: ['https://other.test'] })],
      transport: (request) => {
        sent.push(lineOf(request));
        return of(response(200));
      },
    });
    api.get$('/a').subscribe();
    expect(outcomeOf(api.get$('https://other.test/b'))).toMatchObject({ isComplete: true });
    expect(sent).toEqual(['GET /a T1', 'GET https://other.test/b B1']);
  });

  it('sends the token to its allowedOrigins only', () => {
    const { session } = createVirtualClient({ isDead: () => false });
    const sent: string[] = [];
    const api = createApi({
      baseUrl: ORIGIN,
      interceptors: [bearer(session, { allowedOrigins: ['https://other.test'] })],
      transport: (request) => {
        sent.push(lineOf(request));
        return of(response(200));
      },
    });
    api.get$('/a').subscribe();
    api.get$('https://other.test/b').subscribe();
    expect(sent).toEqual(['GET /a -', 'GET https://other.test/b T1']);
  });
});

describe('the token', () => {
  const attempts = (url: string): string[] => {
    const tokens: string[] = [];
    const { session } = createVirtualClient();
    const transport = (request: HttpRequest) => {
      tokens.push(request.headers.authorization ?? '-');
      return of(response(200));
    };
    createApi({ baseUrl: 'https://api.example.com/v1', session, transport })
      .get$(url)
      .subscribe({ error: () => {} });
    return tokens;
  };

  it.each(['orders', '/orders', '//api.example.com/x', 'https://api.example.com:443/x', 'HTTPS://API.EXAMPLE.COM/x'])(
    'is sent to the origin of baseUrl: %s',
    (url) => {
      expect(attempts(url)).toEqual(['Bearer T1']);
    },
  );

  it.each([
    'https://api.example.com.evil.test/x',
    'https://api.example.com@evil.test/x',
    'https://api.example.com%40evil.test/x',
    '//evil.test/x',
    '\\\\evil.test\\x',
    'https:\\\\evil.test/x',
    'http://api.example.com/x',
    'https://api.example.com:444/x',
    'https://api.example.com./x',
    'https://example.com/x',
    'https://sub.api.example.com/x',
    'https://evil.test/https://api.example.com/',
  ])('is not sent to a look-alike: %s', (url) => {
    expect(attempts(url).join()).not.toContain('T1');
  });

  it('does not count as expired on a response from another origin', () => {
    const { session } = createVirtualClient();
    const api = createApi({
      baseUrl: ORIGIN,
      session,
      transport: () => of({ ...response(401), url: 'https://login.elsewhere.test/' }),
    });
    const errors: unknown[] = [];
    api.get$('/a').subscribe({ error: (error) => errors.push(error) });
    expect(errors).toMatchObject([{ code: 'status', status: 401 }]);
    expect(session.state).toMatchObject({ status: 'active' } satisfies Partial<SessionState>);
  });
});

describe('the default isExpired', () => {
  const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

  const refreshesFor = (body: unknown, responseType: ResponseType = 'json', status = 200): number => {
    let refreshes = 0;
    const { session } = createVirtualClient({
      refresh: () => {
        refreshes++;
        return NEVER;
      },
    });
    const transport = () => of(response(status, body, responseType === 'json' ? {} : JSON_TYPE));
    createApi({ baseUrl: ORIGIN, session, transport })
      .get$('/a', { responseType })
      .subscribe({ error: () => {} });
    return refreshes;
  };
  const bytes = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer; // never shared

  it.each([
    ['code 1002 as a number', { code: 1002 }],
    ['code 1002 as a string', { code: '1002' }],
  ])('matches %s', (_, body) => {
    expect(refreshesFor(body)).toBe(1);
  });

  it('matches code 1002 in JSON that was requested as text or as bytes', () => {
    expect(refreshesFor('{"code":1002}', 'text')).toBe(1);
    expect(refreshesFor(bytes('{"code":1002}'), 'arraybuffer')).toBe(1);
  });

  it('matches HTTP 401', () => {
    expect(refreshesFor(null, 'json', 401)).toBe(1);
  });

  it.each([
    ['another code', { code: 1001 }],
    ['a nested code', { data: { code: 1002 } }],
    ['a code in an array', [{ code: 1002 }]],
    ['a code that is a list', { code: [1002] }],
    ['null', null],
    ['a text that is not declared to be JSON', '{"code":1002}'],
    ['a number', 1002],
  ])('does not match %s', (_, body) => {
    expect(refreshesFor(body)).toBe(0);
  });

  it('reads no body over 64 kB', () => {
    const padded = (size: number) => JSON.stringify({ code: 1002, pad: 'x'.repeat(size) });
    expect(refreshesFor(padded(60_000), 'text')).toBe(1);
    expect(refreshesFor(padded(70_000), 'text')).toBe(0);
  });

  it('does not match HTTP 403', () => {
    expect(refreshesFor(null, 'json', 403)).toBe(0);
  });
});

describe('a response of a transport', () => {
  it.each<[string, Observable<HttpEvent>]>([
    ['another response', of(response(200, { by: 'too late' }))],
    ['an error', throwError(() => new Error('reset'))],
    ['nothing', EMPTY],
  ])('ends the attempt if it says that the token has expired, even if %s follows', (_, rest$) => {
    const grants = new Subject<TokenGrant>();
    const { api } = createVirtualClient({
      refresh: () => grants,
      respond: (_request, normal) =>
        normal.status === 401 ? concat(of(normal), rest$ as Observable<HttpResponse>) : of(normal),
    });
    const seen: unknown[] = [];
    api.get$('/a').subscribe({ next: (body) => seen.push(body), error: (error) => seen.push(error) });
    expect(seen).toEqual([]);
    grants.next(T2);
    expect(seen).toEqual([{ by: 'T2' }]);
  });

  it('is passed to isExpired, while progress events are not', () => {
    const shown: unknown[] = [];
    const { session } = createVirtualClient({ isExpired: ({ type }) => shown.push(type) === 0 });
    const api = createApi({
      baseUrl: ORIGIN,
      session,
      transport: () => of<HttpEvent[]>({ type: 'sent' }, response(200)),
    });
    const seen: unknown[] = [];
    api.request$('GET', '/a', { reportProgress: true }).subscribe(({ type }) => seen.push(type));
    expect(seen).toEqual(['sent', 'response']);
    expect(shown).toEqual(['response']);
  });

  it('leads to errors that name their request', () => {
    const errorOf = (request$: Observable<unknown>) => {
      const errors: unknown[] = [];
      request$.subscribe({ error: (error) => errors.push(error) });
      return errors[0];
    };
    const { api } = createVirtualClient();
    expect(errorOf(api.post$('/a', new ReadableStream()))).toMatchObject({
      message: 'POST https://api.test/a: its body can be sent only once',
      request: { url: `${ORIGIN}/a` },
    });
    expect(errorOf(createVirtualClient({ isDead: () => true }).api.get$('/a'))).toMatchObject({
      message: 'GET https://api.test/a: a fresh token was rejected as well',
      response: { status: 401 },
    });
    const { session } = createVirtualClient();
    const astray: Interceptor = (request, next) => next({ ...request, url: 'ftp://api.test/a' });
    expect(errorOf(createApi({ baseUrl: ORIGIN, session, interceptors: [astray] }).get$('/a'))).toMatchObject({
      message: 'GET ftp://api.test/a: url: expected a url of http or https',
      request: { url: 'ftp://api.test/a' },
    });
  });
});
