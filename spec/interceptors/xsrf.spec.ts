import {
  type ApiOptions,
  createApi,
  createSession,
  type HttpRequest,
  type Interceptor,
  memoryStore,
  type RequestOptions,
  type XsrfOptions,
  xsrf,
} from 'renewal';
import { of } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { completedWith, createRecorder, outcomeOf } from '../support/http-client';
import { SIGNALS } from '../support/server';
import { expiredBy, response } from '../support/virtual';

const PAGE = 'https://shop.test/app/index.html';

/** The page that the requests of a test are made on. */
const stubPage = (cookie: string, href = PAGE): void => {
  vi.stubGlobal('location', { href });
  vi.stubGlobal('document', { cookie, baseURI: href });
};

interface Asked extends XsrfOptions, ApiOptions {
  readonly method?: string;
  readonly url?: string;
  readonly request?: RequestOptions;
}

/** The headers that a POST leaves with. */
const headersOf = ({ method = 'POST', url = '/a', request, ...options }: Asked = {}): HttpRequest['headers'] => {
  const sent: HttpRequest[] = [];
  const api = createApi({
    ...options,
    interceptors: [...(options.interceptors ?? []), xsrf(options)],
    transport: (asked) => {
      sent.push(asked);
      return of(response(200));
    },
  });
  expect(outcomeOf(api.request$(method, url, request))).toMatchObject({ isComplete: true });
  return sent[0]?.headers ?? {};
};

const WITH_TOKEN = { 'x-xsrf-token': 'T' };

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('xsrf', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'])('copies the cookie to a header of %s', (method) => {
    stubPage('XSRF-TOKEN=T');
    expect(headersOf({ method })).toEqual(WITH_TOKEN);
  });

  it.each(['GET', 'HEAD'])('leaves %s alone, which changes nothing', (method) => {
    stubPage('XSRF-TOKEN=T');
    expect(headersOf({ method })).toEqual({});
  });

  it.each<[string, string, string | undefined]>([
    ['among others', 'a=1; XSRF-TOKEN=T; b=2', 'T'],
    ['without spaces', 'a=1;XSRF-TOKEN=T;b=2', 'T'],
    ['that is encoded', 'XSRF-TOKEN=a%2Fb%3D%20c', 'a/b= c'],
    ['with an equals sign', 'XSRF-TOKEN=dG9rZW4=', 'dG9rZW4='],
    ['that is not encoded well', 'XSRF-TOKEN=100%', '100%'],
    ['whose first one counts', 'XSRF-TOKEN=T; XSRF-TOKEN=U', 'T'],
    ['that is empty', 'XSRF-TOKEN=', undefined],
    ['that has no value', 'XSRF-TOKEN', undefined],
    ['that only ends in that name', 'MY-XSRF-TOKEN=U', undefined],
    ['that only begins with that name', 'XSRF-TOKEN-2=U', undefined],
    ['that has it for a value', 'a=XSRF-TOKEN=U', undefined],
    ['that is spelt otherwise', 'xsrf-token=U', undefined],
    ['that is missing', '', undefined],
  ])('finds a cookie %s', (_, cookie, token) => {
    stubPage(cookie);
    expect(headersOf()['x-xsrf-token']).toBe(token);
  });

  it.each<[string, Asked]>([
    ['a relative url', { url: 'a' }],
    ['the root of the page', { url: '/a' }],
    ['the origin of the page', { url: 'https://shop.test/a' }],
    ['its origin in other words', { url: 'HTTPS://SHOP.test:443/a' }],
    ['a baseUrl there', { baseUrl: 'https://shop.test/api' }],
  ])('goes to %s', (_, asked) => {
    stubPage('XSRF-TOKEN=T');
    expect(headersOf(asked)).toEqual(WITH_TOKEN);
  });

  it.each<[string, Asked]>([
    ['another host', { url: 'https://api.test/a' }],
    ['a host that begins alike', { url: 'https://shop.test.evil.test/a' }],
    ['user info that looks like the host', { url: 'https://shop.test@evil.test/a' }],
    ['a backslash', { url: '/\\evil.test/a' }],
    ['no scheme', { url: '//evil.test/a' }],
    ['http for https', { url: 'http://shop.test/a' }],
    ['another port', { url: 'https://shop.test:8443/a' }],
    ['a trailing dot', { url: 'https://shop.test./a' }],
    ['another baseUrl', { baseUrl: 'https://api.test' }],
  ])('does not go to another origin: %s', (_, asked) => {
    stubPage('XSRF-TOKEN=T');
    expect(headersOf(asked)).toEqual({});
  });

  it.each(['about:blank', 'file:///app/index.html', 'blob:https://shop.test/1'])(
    'does not go anywhere from the page %s, which has no origin of http',
    (href) => {
      stubPage('XSRF-TOKEN=T', href);
      expect(headersOf({ url: 'https://shop.test/a' })).toEqual({});
    },
  );

  it.each<[string, string, HttpRequest['headers']]>([
    [PAGE, '/b', WITH_TOKEN],
    [PAGE, 'https://api.test/b', {}],
    [PAGE, '//evil.test/b', {}],
    ['about:blank', '//evil.test/b', {}],
    ['about:blank', 'http://[', {}],
  ])('is decided for what an interceptor has made of a request: on %s, to %s', (href, url, headers) => {
    stubPage('XSRF-TOKEN=T', href);
    const readdress: Interceptor = (request, next) => next({ ...request, url });
    expect(headersOf({ url: 'https://api.test/a', interceptors: [readdress] })).toEqual(headers);
  });

  it.each(['http://relative.invalid/', 'http://a.invalid/', 'http://b.invalid/'])(
    'does not take %s for a relative url where nothing says what that is relative to',
    (url) => {
      vi.stubGlobal('document', { cookie: 'XSRF-TOKEN=T' });
      expect(headersOf({ url })).toEqual({});
    },
  );

  it('goes to a relative url where nothing says what it is relative to', () => {
    vi.stubGlobal('document', { cookie: 'XSRF-TOKEN=T' });
    expect(headersOf()).toEqual(WITH_TOKEN);
    expect(headersOf({ url: 'https://shop.test/a' })).toEqual({});
  });

  it('is compared with the page, wherever its base leads', () => {
    vi.stubGlobal('location', { href: PAGE });
    vi.stubGlobal('document', { cookie: 'XSRF-TOKEN=T', baseURI: 'https://cdn.test/' });
    expect(headersOf({ url: '/a' })).toEqual({});
    expect(headersOf({ url: 'https://shop.test/a' })).toEqual(WITH_TOKEN);
  });

  it('is not given to a relative url that a base leads elsewhere', () => {
    vi.stubGlobal('location', { href: PAGE });
    const toRelative: Interceptor = (request, next) => next({ ...request, url: '/cart' });
    for (const [baseURI, headers] of [
      ['https://cdn.test/', {}],
      ['https://shop.test/other/', WITH_TOKEN],
    ] as const) {
      vi.stubGlobal('document', { cookie: 'XSRF-TOKEN=T', baseURI });
      expect(headersOf({ interceptors: [toRelative] })).toEqual(headers);
    }
  });

  it('leaves a header that the caller has set, whatever its case', () => {
    stubPage('XSRF-TOKEN=T');
    expect(headersOf({ request: { headers: { 'X-Xsrf-Token': 'own' } } })).toEqual({ 'x-xsrf-token': 'own' });
    expect(headersOf({ request: { headers: { 'X-Xsrf-Token': '' } } })).toEqual({ 'x-xsrf-token': '' });
    expect(headersOf({ headers: { 'x-xsrf-token': 'own' } })).toEqual({ 'x-xsrf-token': 'own' });
  });

  it('takes other names', () => {
    stubPage('csrf.a=T; XSRF-TOKEN=U');
    expect(headersOf({ cookieName: 'csrf.a', headerName: 'X-CSRF' })).toEqual({ 'x-csrf': 'T' });
    expect(headersOf(JSON.parse('{}'))).toEqual({ 'x-xsrf-token': 'U' });
  });

  it('reads the cookie each time that a request is sent', () => {
    stubPage('XSRF-TOKEN=T');
    const sent: (string | undefined)[] = [];
    const api = createApi({
      interceptors: [xsrf()],
      transport: ({ headers }) => {
        sent.push(headers['x-xsrf-token']);
        return of(response(200));
      },
    });
    const request$ = api.post$('/a');
    outcomeOf(request$);
    stubPage('XSRF-TOKEN=U');
    outcomeOf(request$);
    stubPage('');
    outcomeOf(request$);
    expect(sent).toEqual(['T', 'U', undefined]);
  });

  it.each(SIGNALS)('reads it for each attempt: the replay carries the cookie of the refresh (%s)', (signal) => {
    stubPage('XSRF-TOKEN=T');
    const sent: HttpRequest['headers'][] = [];
    const session = createSession({
      store: memoryStore({ accessToken: 'T1' }),
      refresh: () => {
        stubPage('XSRF-TOKEN=U');
        return of({ accessToken: 'T2' });
      },
    });
    const outcome = outcomeOf(
      createApi({
        session,
        baseUrl: 'https://shop.test',
        interceptors: [xsrf(), xsrf({ cookieName: 'XSRF-TOKEN', headerName: 'x-csrf' })],
        transport: ({ headers }) => {
          sent.push(headers);
          return of(headers.authorization === 'Bearer T2' ? response(200, 'body') : expiredBy(signal));
        },
      }).post$('/a', { a: 1 }),
    );
    expect(outcome).toEqual(completedWith('body'));
    expect(sent).toMatchObject([
      { authorization: 'Bearer T1', 'x-xsrf-token': 'T', 'x-csrf': 'T' },
      { authorization: 'Bearer T2', 'x-xsrf-token': 'U', 'x-csrf': 'U' },
    ]);
  });

  it.each<[string, HttpRequest['headers'], string, HttpRequest['headers']]>([
    ['of its own', { 'x-xsrf-token': 'own' }, '/a', { 'x-xsrf-token': 'own' }],
    ['elsewhere', {}, 'https://api.test/a', {}],
  ])('leaves alone what an interceptor further inside sends with a header %s', (_, own, url, sent) => {
    stubPage('XSRF-TOKEN=T');
    const change: Interceptor = (request, next) => next({ ...request, url, headers: { ...request.headers, ...own } });
    const { api, requests } = createRecorder({ interceptors: [xsrf(), change] });
    outcomeOf(api.post$('https://shop.test/a'));
    expect(requests).toMatchObject([{ headers: sent }]);
    expect(Object.keys(requests[0]?.headers ?? {})).toEqual(Object.keys(sent));
  });

  it('takes the header away where the cookie has gone in between', () => {
    stubPage('XSRF-TOKEN=T');
    const { api, requests } = createRecorder({
      interceptors: [
        xsrf(),
        (request, next) => {
          stubPage('');
          return next(request);
        },
      ],
    });
    outcomeOf(api.post$('https://shop.test/a'));
    expect(requests[0]?.headers).toEqual({});
  });

  it('does nothing where there is no document, or one in a sandbox', () => {
    expect(headersOf()).toEqual({});
    vi.stubGlobal('location', { href: PAGE });
    expect(headersOf()).toEqual({});
    vi.stubGlobal('document', {
      baseURI: PAGE,
      get cookie() {
        throw new DOMException('The document is sandboxed', 'SecurityError');
      },
    });
    expect(headersOf()).toEqual({});
  });

  it.each<[string, unknown]>([
    ['cookieName', ''],
    ['cookieName', 'a=b'],
    ['cookieName', 'a;b'],
    ['cookieName', 7],
    ['headerName', ''],
    ['headerName', 'x token'],
    ['headerName', 'x:token'],
    ['headerName', 'x\ntoken'],
    ['headerName', null],
  ])('refuses a wrong %s: %o', (name, value) => {
    const create = () => xsrf({ [name]: value });
    expect(create).toThrow(TypeError);
    expect(create).toThrow(name);
  });
});
