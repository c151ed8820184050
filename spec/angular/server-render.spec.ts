import '@angular/compiler';
import { provideHttpClient, withFetch, withInterceptors } from '@angular/common/http';
import { Component, enableProdMode, provideZonelessChangeDetection } from '@angular/core';
import {
  type BootstrapContext,
  bootstrapApplication,
  provideClientHydration,
  withHttpTransferCacheOptions,
} from '@angular/platform-browser';
import { provideServerRendering, renderApplication } from '@angular/platform-server';
import { memoryStore, type TokenGrant } from 'renewal';
import {
  apiResource,
  httpClientTransport,
  injectSession,
  provideApi,
  sessionInterceptor,
  sessionState,
  withSession,
} from 'renewal/angular';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Echo, type Issued, REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';

// Angular says on the console that it is in development.
enableProdMode();

/** Shows what the server answers, and the status; the second is for those who are not signed in. */
const App = Component({
  selector: 'app-root',
  template: '<p>{{ status() }}</p><p>{{ orders.value()?.nth }}</p><p>{{ open.value()?.path }}</p>',
})(
  class {
    readonly state = sessionState();
    readonly status = () => this.state().status;
    readonly orders = apiResource<Echo>(() => '/orders');
    readonly open = apiResource<Echo>(() => ({ url: '/open', auth: false }));
    constructor() {
      injectSession().keepFresh$().subscribe();
    }
  },
);

describe.each(SIGNALS)('a page that is rendered on a server that answers %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
    server.replies.set('/open', { type: 'application/json', body: '{"path":"for all"}' });
  });
  afterEach(() => server.close());

  const render = (issued: Issued, transport: boolean) =>
    renderApplication(
      (context: BootstrapContext) =>
        bootstrapApplication(
          App,
          {
            providers: [
              provideZonelessChangeDetection(),
              provideServerRendering(),
              provideClientHydration(withHttpTransferCacheOptions({ includeRequestsWithAuthHeaders: true })),
              provideHttpClient(withFetch(), withInterceptors([sessionInterceptor()])),
              provideApi(
                () => ({ baseUrl: server.origin, ...(transport && { transport: httpClientTransport() }) }),
                withSession((http) => ({
                  store: memoryStore({ ...issued, expiresInMs: 3_600_000 }),
                  refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
                })),
              ),
            ],
          },
          context,
        ),
      {
        document: '<html><head></head><body><app-root></app-root></body></html>',
        url: 'http://shop.test/',
        allowedHosts: ['shop.test'],
      },
    );

  it.each([
    ['by itself', false],
    ['through HttpClient, with all that the transfer cache can keep', true],
  ])('waits for a request that waits for a refresh, and holds no token: %s', async (_way, transport) => {
    const issued = server.issue();
    server.live.delete(issued.accessToken);
    const html = await render(issued, transport);
    expect(html).toMatch(/<p>active<\/p><p>2<\/p><p>for all<\/p>/);
    // The server echoes the token in each answer: what is asked for with one is not kept in the page either.
    expect(html).not.toMatch(/refresh\.\d|access\.\d|Bearer/);
  });

  it('has a session for each page', async () => {
    const [ada, bob] = [server.issue('ada'), server.issue('bob')];
    server.live.delete(ada.accessToken);
    server.live.delete(bob.accessToken);
    await Promise.all([render(ada, true), render(bob, true)]);
    expect([...server.presented].sort()).toEqual(['ada.refresh.1', 'bob.refresh.1']);
    expect([...server.tokensOf('/orders')].sort()).toEqual([
      'ada.access.1',
      'ada.access.2',
      'bob.access.1',
      'bob.access.2',
    ]);
  });
});
