import '@angular/compiler';
import { isPlatformBrowser } from '@angular/common';
import { inject, PLATFORM_ID } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { type Api, memoryStore, type SessionOptions, type TokenGrant, webStorageStore } from 'renewal';
import {
  apiResource,
  httpClientTransport,
  injectSession,
  provideApi,
  sessionState,
  withSession,
} from 'renewal/angular';
import type { Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Echo, type Issued, json, REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';
import { type Rendering, render } from './support/render';

const HOUR_MS = 3_600_000;

let server: TestServer;
afterEach(() => server.close());

const transport = () => ({ baseUrl: server.origin, transport: httpClientTransport() });

describe.each(SIGNALS)('a page that is rendered against a server with %s', (signal) => {
  beforeEach(async () => {
    server = await startServer(signal);
    server.replies.set('/open', json({ path: 'for all' }));
  });

  /** Shows the status, the response to the user, and the response without a token. */
  const show = () => {
    const state = sessionState();
    const orders = apiResource<Echo>(() => '/orders');
    const open = apiResource<Echo>(() => ({ url: '/open', auth: false }));
    injectSession().keepFresh$().subscribe();
    return () => [state().status, orders.value()?.nth, open.value()?.path];
  };

  const renderFor = (issued: Issued, isThroughHttpClient: boolean) =>
    render({
      show,
      cache: { includeRequestsWithAuthHeaders: true },
      providers: [
        provideApi(
          () => (isThroughHttpClient ? transport() : { baseUrl: server.origin }),
          withSession((http) => ({
            store: memoryStore({ ...issued, expiresInMs: HOUR_MS }),
            refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
          })),
        ),
      ],
    });

  it.each([
    ['by itself', false],
    ['through HttpClient, with all that the transfer cache can keep', true],
  ])('waits for a refresh and its request, and holds no token: %s', async (_way, isThroughHttpClient) => {
    const issued = server.issue();
    server.live.delete(issued.accessToken);
    const html = await renderFor(issued, isThroughHttpClient);
    expect(html).toMatch(/<p>active<\/p><p>2<\/p><p>for all<\/p>/);
    // The server echoes the token in each response, so the page must not keep responses by token either.
    expect(html).not.toMatch(/refresh\.\d|access\.\d|Bearer/);
  });

  it('has a session for each page', async () => {
    const [ada, bob] = [server.issue('ada'), server.issue('bob')];
    server.live.delete(ada.accessToken);
    server.live.delete(bob.accessToken);
    await Promise.all([renderFor(ada, true), renderFor(bob, true)]);
    expect([...server.presented].sort()).toEqual(['ada.refresh.1', 'bob.refresh.1']);
    expect([...server.tokensOf('/orders')].sort()).toEqual([
      'ada.access.1',
      'ada.access.2',
      'bob.access.1',
      'bob.access.2',
    ]);
  });
});

describe('a page that is rendered with the transfer cache', () => {
  const GRANT = { accessToken: 'access.secret', refreshToken: 'refresh.secret', expiresInMs: HOUR_MS };

  beforeEach(async () => {
    server = await startServer('code 1002');
    server.replies.set('/session', json(GRANT));
  });

  const page = (session: (http: Api) => SessionOptions, cache: Rendering['cache'] = {}) =>
    render({
      cache,
      providers: [provideApi(transport, withSession(session))],
      show: () => {
        const orders = apiResource<Echo>(() => '/orders');
        return () => [orders.status(), orders.error()?.message];
      },
    });

  /** Some APIs require the token in a custom header. */
  const authorize: SessionOptions['authorize'] = (request, { accessToken }) => ({
    ...request,
    headers: { ...request.headers, 'x-access-token': accessToken },
  });

  it('keeps no response by a token in a custom header', async () => {
    server.replies.set('/orders', json({ card: 'for one' }));
    const html = await page(() => ({ store: memoryStore(GRANT), refresh: () => [GRANT], authorize }));
    expect(html).toMatch('<p>resolved');
    expect(html).not.toMatch(/for one|secret/);
  });

  it('does not serve the response to the first attempt to the replay', async () => {
    server.replies.set('/orders', json({ code: 1002 }));
    const html = await page(() => ({
      store: memoryStore(GRANT),
      refresh: () => {
        // From now on the server accepts the token.
        server.replies.set('/orders', json({ nth: 2 }));
        return [{ accessToken: 'another' }];
      },
      authorize,
    }));
    expect(html).toMatch('<p>resolved');
  });

  it.each<[string, (http: Api) => Observable<TokenGrant>, Rendering['cache']]>([
    ['a GET', (http) => http.get$('/session'), {}],
    [
      'a GET with the cookie of the visitor',
      (http) => http.get$('/session', { headers: { cookie: 'sid=1' } }),
      { includeRequestsWithAuthHeaders: true },
    ],
    ['a POST', (http) => http.post$('/session'), { includePostRequests: true }],
  ])('keeps no response to `restore` by %s', async (_how, restore, cache) => {
    const html = await page((http) => ({ restore: () => restore(http), refresh: () => [GRANT] }), cache);
    expect(server.hitsOf('/session')).toHaveLength(1);
    expect(html).not.toMatch('secret');
  });
});

it('waits on a server for a requested token', async () => {
  server = await startServer();
  const kept = memoryStore({ accessToken: 'T1' });
  const html = await render({
    providers: [provideApi({}, withSession({ refresh: () => [], store: { ...kept, load: async () => kept.load() } }))],
    show: () => {
      const token = toSignal(injectSession().accessToken$());
      return () => [token() ? 'has come' : 'has not come'];
    },
  });
  expect(html).toMatch('<p>has come</p>');
});

it('keeps a visitor’s session out of the process storage, by the guide’s store', async () => {
  server = await startServer();
  const entries = new Map<string, string>();
  // Node (by an option) and Deno have one storage for all visitors.
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => entries.set(key, value),
    removeItem: (key: string) => entries.delete(key),
  });
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  const injectStore = () => (isPlatformBrowser(inject(PLATFORM_ID)) ? webStorageStore() : memoryStore());
  const visit = (accessToken?: string) =>
    render({
      providers: [
        provideApi(
          transport,
          withSession(() => ({ store: injectStore(), refresh: () => [] })),
        ),
      ],
      show: () => {
        const session = injectSession();
        if (accessToken) session.signIn({ accessToken });
        const state = sessionState();
        return () => [state().status];
      },
    });
  expect(await visit('ada')).toMatch('<p>active</p>');
  expect(await visit()).toMatch('<p>signed-out</p>');
  expect([...entries]).toEqual([]);
});
