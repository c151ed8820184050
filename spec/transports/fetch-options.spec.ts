import { createHash } from 'node:crypto';
import { ajaxTransport, createApi, createSession, type FetchOptions, fetchTransport, memoryStore } from 'renewal';
import { firstValueFrom, of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRecorder, outcomeOf } from '../support/http-client';
import { answering, echo, type HttpServer, startHttpServer } from '../support/http-server';
import { endOf } from '../support/node-client';

const ALL: Required<FetchOptions> = {
  cache: 'no-store',
  credentials: 'omit',
  integrity: '',
  keepalive: true,
  mode: 'same-origin',
  priority: 'low',
  redirect: 'error',
  referrer: '',
  referrerPolicy: 'no-referrer',
};

/** A client whose `fetch` records its options, and is answered by `respond`. */
const createFetchRecorder = (respond: () => Response = () => new Response('1')) => {
  const inits: RequestInit[] = [];
  const transport = fetchTransport({
    fetch: async (_url, init = {}) => {
      inits.push(init);
      return respond();
    },
  });
  return { api: createApi({ baseUrl: 'https://shop.test', transport }), inits };
};

/** What plain JavaScript may pass, whatever the types say. */
const untyped = (value: unknown): never => value as never;

describe('options for fetch', () => {
  it('are passed on, and missing ones take nothing away', async () => {
    const { api, inits } = createFetchRecorder();
    await firstValueFrom(api.get$('/a', { fetch: ALL }));
    await firstValueFrom(
      api.get$('/a', { withCredentials: true, fetch: { credentials: undefined, priority: 'high' } }),
    );
    expect(inits).toMatchObject([ALL, { method: 'GET', credentials: 'include', priority: 'high' }]);
    expect(Object.keys(inits[1] ?? {})).not.toContain('cache');
  });

  it('have `credentials`, which wins over withCredentials', async () => {
    const { api, inits } = createFetchRecorder();
    await firstValueFrom(api.get$('/a', { withCredentials: true, fetch: { credentials: 'omit' } }));
    await firstValueFrom(api.get$('/a', { fetch: { credentials: 'include' } }));
    expect(inits.map(({ credentials }) => credentials)).toEqual(['omit', 'include']);
  });

  it('have `cache`, which is `reload` for the second attempt', async () => {
    const session = createSession({
      store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
      refresh: () => of({ accessToken: 'T2' }),
    });
    const responses = [new Response('', { status: 401 }), new Response('1')];
    const { api, inits } = createFetchRecorder(() => responses.shift() ?? Response.error());
    const options: FetchOptions = { cache: 'force-cache', priority: 'low' };
    expect(await firstValueFrom(api.extend({ session }).get$('/a', { fetch: options }))).toBe(1);
    expect(inits).toMatchObject([options, { ...options, cache: 'reload' }]);
  });

  it('are copied when the request is sent', () => {
    const { api, requests } = createRecorder();
    const options = { cache: 'no-store' as FetchOptions['cache'] };
    outcomeOf(api.get$('/a', { fetch: options }));
    options.cache = 'reload';
    expect(requests).toMatchObject([{ fetch: { cache: 'no-store' } }]);
  });

  it('are no member of a request that was given none', () => {
    const { api, requests } = createRecorder();
    outcomeOf(api.get$('/a'));
    expect(requests[0]).not.toHaveProperty('fetch');
  });

  it.each<[string, unknown]>([
    ['fetch: expected no members but cache,', { hidden: 1 }],
    ['fetch: expected no members but cache,', { signal: AbortSignal.abort('hidden') }],
    ['fetch: expected no members but cache,', { toString: 'hidden' }],
    ['fetch: expected an object', null],
    ['fetch: expected an object', 'hidden'],
    ['fetch: expected an object', globalThis.fetch],
    ['fetch: expected an object', ['hidden']],
    ['fetch.cache: expected default, force-cache', { cache: 'hidden' }],
    ['fetch.credentials: expected include, omit, same-origin', { credentials: true }],
    ['fetch.integrity: expected a string', { integrity: 7 }],
    ['fetch.keepalive: expected true, false', { keepalive: 'hidden' }],
    ['fetch.mode: expected cors, no-cors, same-origin', { mode: 'navigate' }],
    ['fetch.priority: expected auto, high, low', { priority: 1 }],
    ['fetch.redirect: expected error, follow, manual', { redirect: null }],
    ['fetch.referrer: expected a string', { referrer: { hidden: 1 } }],
    ['fetch.referrerPolicy: expected a string', { referrerPolicy: ['hidden'] }],
  ])('are refused: %s', async (message, value) => {
    const { api, inits } = createFetchRecorder();
    const error = await endOf(api.get$('/a', { fetch: untyped(value) }));
    expect(error).toMatchObject({ code: 'request', message: expect.stringContaining(message) });
    expect(error).toMatchObject({ message: expect.not.stringContaining('hidden') });
    expect(inits).toEqual([]);
  });

  it.each<[string, FetchOptions]>([
    ['a referrer that is no url', { referrer: 'http://[' }],
    ['a referrer policy that there is not', untyped({ referrerPolicy: 'hidden' })],
    ['a cache that needs another mode', { cache: 'only-if-cached' }],
  ])('which the platform refuses are no network error: %s', async (_, options) => {
    const transport = fetchTransport();
    const api = createApi({ baseUrl: 'http://127.0.0.1:1', transport });
    expect(await endOf(api.get$('/a', { fetch: options }))).toMatchObject({ code: 'request' });
  });
});

describe('options for fetch, on the wire', () => {
  let server: HttpServer;

  beforeEach(async () => {
    server = await startHttpServer();
  });

  afterEach(() => server.close());

  const apiOver = (transport = fetchTransport()) => createApi({ baseUrl: server.origin, transport });

  it('have `redirect`: followed, an error, or the response itself', async () => {
    server.answer = (request, response, body) => {
      if (request.url === '/b') echo(request, response, body);
      else response.writeHead(302, { location: '/b' }).end();
    };
    const redirected = (redirect: FetchOptions['redirect']) =>
      endOf(apiOver().request$('GET', '/a', { fetch: { redirect }, responseType: 'text' }));
    expect(await redirected('follow')).toMatchObject({ value: { status: 200, url: `${server.origin}/b` } });
    expect(await redirected('error')).toMatchObject({ code: 'network' });
    expect(await redirected('manual')).toMatchObject({ value: { status: 302, headers: { location: '/b' } } });
  });

  it('have `integrity`: another body is a NetworkError', async () => {
    server.answer = answering('[1]');
    const sri = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`;
    expect(await endOf(apiOver().get$('/a', { fetch: { integrity: sri('[1]') } }))).toEqual({ value: [1] });
    expect(await endOf(apiOver().get$('/a', { fetch: { integrity: sri('[2]') } }))).toMatchObject({ code: 'network' });
  });

  it('are ignored by ajaxTransport', async () => {
    server.answer = answering('[1]');
    expect(await endOf(apiOver(ajaxTransport()).get$('/a', { fetch: ALL }))).toEqual({ value: [1] });
  });
});
