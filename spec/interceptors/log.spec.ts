import {
  createSession,
  envelope,
  type HttpEvent,
  type HttpResponse,
  logRequests,
  memoryStore,
  NetworkError,
  type RequestOptions,
  retryRequests,
  SignedOutError,
} from 'renewal';
import { defer, EMPTY, type Observable, of, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRecorder, outcomeOf } from '../support/http-client';
import { ORIGIN, response, virtually } from '../support/virtual';

/** The lines of a GET that is answered so. */
const linesOf = (
  answer$: Observable<HttpEvent>,
  { url = '/a', ...options }: RequestOptions & { url?: string } = {},
): string[] => {
  const lines: string[] = [];
  const { api } = createRecorder({ interceptors: [logRequests((line) => lines.push(line))], transport: () => answer$ });
  outcomeOf(api.get$(url, options));
  return lines;
};
const OK = of(response(200));
const lineOf = (options: RequestOptions & { url?: string }): string => linesOf(OK, options).join('\n');

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('log', () => {
  it('writes one line for a request when it has its answer, with how long that took', () => {
    virtually(({ cold, flush, expectObservable }) => {
      const lines: string[] = [];
      const { api } = createRecorder({
        interceptors: [logRequests((line) => lines.push(line))],
        transport: () => cold('34ms (a|)', { a: response(200, 'body') }),
      });
      expectObservable(api.get$('/orders', { params: { page: 2, token: 'hidden' } })).toBe('34ms (a|)', { a: 'body' });
      flush();
      expect(lines).toEqual([`GET ${ORIGIN}/orders?page=2&token=… 200 34 ms`]);
    });
  });

  it.each([204, 302, 401, 404, 503])('writes the status %d', (status) => {
    expect(linesOf(of(response(status)))).toEqual([`GET ${ORIGIN}/a ${status} 0 ms`]);
  });

  it.each<[string, Observable<HttpEvent>]>([
    ['network', throwError(() => new NetworkError('hidden'))],
    ['signed-out', throwError(() => new SignedOutError('hidden'))],
    ['unknown', throwError(() => new Error('hidden'))],
    ['no response', EMPTY],
    ['no response', of({ type: 'sent' })],
  ])('writes what it failed with: %s', (what, answer$) => {
    expect(linesOf(answer$)).toEqual([`GET ${ORIGIN}/a ${what} 0 ms`]);
  });

  it('writes when a request is unsubscribed', () => {
    virtually(({ cold, flush, expectObservable }) => {
      const lines: string[] = [];
      const { api } = createRecorder({
        interceptors: [logRequests((line) => lines.push(line))],
        transport: () => cold('-'),
      });
      expectObservable(api.get$('/a'), '-----!').toBe('------');
      flush();
      expect(lines).toEqual([`GET ${ORIGIN}/a cancelled 5 ms`]);
    });
  });

  it('writes one line for a request with progress, and for one that is answered twice', () => {
    const progress: HttpEvent = { type: 'download', loaded: 1 };
    expect(linesOf(of(progress, progress, response(200), response(500)))).toHaveLength(1);
  });

  it('writes before the caller has the answer', () => {
    const order: string[] = [];
    const { api } = createRecorder({ interceptors: [logRequests(() => order.push('line'))] });
    api.get$('/a').subscribe(() => order.push('answer'));
    expect(order).toEqual(['line', 'answer']);
  });

  it('writes a line for each subscription', () => {
    const lines: string[] = [];
    const { api } = createRecorder({ interceptors: [logRequests((line) => lines.push(line))] });
    const request$ = api.get$('/a');
    outcomeOf(request$);
    outcomeOf(request$);
    expect(lines).toHaveLength(2);
  });

  it('writes no negative time where the clock is set back', () => {
    const late$ = defer(() => {
      vi.setSystemTime(0);
      return OK;
    });
    expect(linesOf(late$)).toEqual([`GET ${ORIGIN}/a 200 0 ms`]);
  });

  it('sees what stands inside of it', () => {
    const outer: string[] = [];
    const inner: string[] = [];
    virtually(({ flush }) => {
      const answers = [response(503), response(200, { code: 7 })];
      const { api } = createRecorder({
        interceptors: [
          logRequests((line) => outer.push(line)),
          envelope(),
          retryRequests({ delayMs: 0 }),
          logRequests((line) => inner.push(line)),
        ],
        transport: () => of(answers.shift() ?? response(500)),
      });
      outcomeOf(api.get$('/a'));
      flush();
    });
    expect(outer).toEqual([`GET ${ORIGIN}/a business 0 ms`]);
    expect(inner).toEqual([`GET ${ORIGIN}/a 503 0 ms`, `GET ${ORIGIN}/a 200 0 ms`]);
  });

  it('hurts no request when write throws', () => {
    const wronged = logRequests(() => {
      throw new Error('full');
    });
    const { api } = createRecorder({ interceptors: [wronged] });
    expect(outcomeOf(api.get$('/a'))).toEqual({ values: ['body'], isComplete: true });
    const failing = createRecorder({ interceptors: [wronged], transport: () => EMPTY });
    expect(outcomeOf(failing.api.get$('/a'))).toMatchObject({ error: { code: 'network' } });
    const endless = createRecorder({ interceptors: [wronged], transport: () => new Promise(() => {}) as never });
    expect(() => endless.api.get$('/a').subscribe().unsubscribe()).not.toThrow();
  });

  it.each([undefined, null, 'console', {}])('refuses to write with %o', (write) => {
    expect(() => logRequests(write as never)).toThrow(TypeError); // what plain JavaScript may pass
    expect(() => logRequests(write as never)).toThrow('write');
  });
});

describe('of the url, a line', () => {
  it.each([
    'page=2',
    'Page=2',
    'pageSize=2',
    'page_size=2',
    'page-number=2',
    'perPage=2',
    'per_page=2',
    'limit=2',
    'offset=2',
    'skip=2',
    'take=2',
    'size=2',
    'sort=name%3Aasc',
    'sortBy=name',
    'order=desc',
    'order_by=name',
    'lang=de',
    'locale=de-AT',
    'page=',
  ])('shows %s', (query) => {
    expect(lineOf({ url: `/a?${query}` })).toBe(`GET ${ORIGIN}/a?${query} 200 0 ms`);
  });

  it.each([
    ['token=hidden', 'token=…'],
    ['q=hidden', 'q=…'],
    ['pages=hidden', 'pages=…'],
    ['my-page=hidden', 'my-page=…'],
    ['filter[name]=hidden', 'filter[name]=…'],
    ['id=hidden&id=hidden&page=1', 'id=…&id=…&page=1'],
    ['hidden', '…'],
    ['hidden=', '…'],
    ['eyJoaWRkZW4.hidden=', '…'],
    ['hidden.key=hidden', '…'],
    ['hidden%20key=hidden', '…'],
    [`${'hidden'.repeat(6)}=1`, '…'],
  ])('hides what may be a secret: %s', (query, shown) => {
    expect(lineOf({ url: `/a?${query}` })).toBe(`GET ${ORIGIN}/a?${shown} 200 0 ms`);
  });

  it('shows neither user info nor hash', () => {
    const line = 'GET https://h.test/a 200 0 ms';
    expect(lineOf({ url: 'https://hidden:hidden@h.test/a#hidden' })).toBe(line);
    expect(lineOf({ url: 'https://h.test/a#hidden?page=hidden' })).toBe(line);
    expect(lineOf({ url: 'https://h.test/a?#hidden' })).toBe(line);
  });

  it('shows where a request went that has no base', () => {
    const lines: string[] = [];
    const { api } = createRecorder({
      interceptors: [
        (request, next) => next({ ...request, url: '/b?page=1&key=hidden' }),
        logRequests((line) => lines.push(line)),
      ],
    });
    outcomeOf(api.get$('/a'));
    expect(lines).toEqual(['GET /b?page=1&key=… 200 0 ms']);
  });

  it('stays one line whatever is in it', () => {
    const lines: string[] = [];
    const { api } = createRecorder({
      interceptors: [
        (request, next) => next({ ...request, url: '/b\nGET /c?page=1%0A2', headers: { accept: 'a\r\nb\u0085c' } }),
        logRequests((line) => lines.push(line)),
      ],
    });
    outcomeOf(api.get$('/a'));
    expect(lines).toEqual(['GET /b GET /c?page=1%0A2 200 0 ms > accept: a b c']);
  });
});

describe('of headers, a line', () => {
  const answering = (headers: Record<string, string>): Observable<HttpResponse> => of(response(200, null, headers));

  it('shows those that tell no secret, of the request and of the answer', () => {
    const headers = { Accept: 'text/html', 'X-Request-ID': '7' };
    expect(linesOf(answering({ 'content-type': 'text/html', 'content-length': '5' }), { headers })).toEqual([
      `GET ${ORIGIN}/a 200 0 ms > accept: text/html, x-request-id: 7 < content-type: text/html, content-length: 5`,
    ]);
  });

  it.each(['authorization', 'cookie', 'x-api-key', 'x-xsrf-token', 'proxy-authorization', 'referer', 'accept-hidden'])(
    'hides %s of the request, and its name',
    (name) => {
      expect(linesOf(OK, { headers: { [name]: 'hidden' } })).toEqual([`GET ${ORIGIN}/a 200 0 ms > …`]);
      expect(linesOf(OK, { headers: { [name]: 'hidden', 'x-other': 'hidden', accept: '*/*' } })).toEqual([
        `GET ${ORIGIN}/a 200 0 ms > accept: */*, …`,
      ]);
    },
  );

  it.each(['set-cookie', 'location', 'www-authenticate', 'x-token', 'etag'])('hides %s of the answer', (name) => {
    expect(linesOf(answering({ [name]: 'hidden', date: 'now' }))).toEqual([`GET ${ORIGIN}/a 200 0 ms < date: now, …`]);
  });
});

describe('what the session adds', () => {
  it('is on no line, although the log stands last', () => {
    const lines: string[] = [];
    const session = createSession({
      refresh: () => of({ accessToken: 'T2' }),
      store: memoryStore({ accessToken: 'T1' }),
    });
    const { api, requests } = createRecorder({ session, interceptors: [logRequests((line) => lines.push(line))] });
    outcomeOf(api.get$('/a'));
    expect(requests[0]?.headers.authorization).toBe('Bearer T1');
    expect(lines).toEqual([`GET ${ORIGIN}/a 200 0 ms`]);
  });
});
