import { ajaxTransport, fetchTransport, type ResponseType, type SessionOptions } from 'renewal';
import { lastValueFrom, tap } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import type { Echo } from '../../support/server';
import { createClient, errorOf } from '../../support/server-client';
import { withServer } from '../../support/with-server';

const PAGE = `<!doctype html><title>Sign in</title>${'<p>more</p>'.repeat(100)}`;
const T2 = 'a.access.2';

const TRANSPORTS = { ajaxTransport, fetchTransport };

failureMode(
  {
    id: 'C13',
    title: 'An expired session redirects to a login page, and the check is never called',
    renewal:
      '`isExpired` judges every complete response before its body is parsed: it sees the url after the redirect and the text of the page. Only if it returns false is the page a `ResponseParseError`. Requests for JSON say so in `accept`, so that most servers respond with 401 instead.',
    threads: ['opensearch-project/OpenSearch-Dashboards#11649', 'Novik/ruTorrent#3096'],
  },
  (signal) => {
    const server = withServer(signal);

    beforeEach(() => {
      server.replies.set('/orders', { status: 302, headers: { location: '/login' } });
      server.replies.set('/login', { type: 'text/html', body: PAGE });
    });

    describe.each(['ajaxTransport', 'fetchTransport'] as const)('detects the login page over %s', (name) => {
      const create = (isExpired: SessionOptions['isExpired']) => {
        const { http, session } = createClient(server, { ...(isExpired && { isExpired }) });
        // The server accepts the token again after a refresh.
        const state$ = session.state$.pipe(
          tap((state) => 'tokens' in state && state.tokens.accessToken === T2 && server.replies.delete('/orders')),
        );
        state$.subscribe();
        return { api: http.extend({ session, transport: TRANSPORTS[name]() }), session };
      };

      it.each<[string, SessionOptions['isExpired']]>([
        ['its url', ({ url }) => url.endsWith('/login')],
        ['its text', ({ body }) => `${body}`.includes('Sign in')],
        ['its whole text', ({ body }) => body === PAGE],
        ['its content type', ({ headers }) => `${headers['content-type']}`.startsWith('text/html')],
      ])('refreshes the token if isExpired recognises the page by %s', async (_, isExpired) => {
        const { api } = create(isExpired);
        expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ path: '/orders', by: T2 });
        expect(server.refreshes).toBe(1);
      });

      it.each<ResponseType>(['text', 'blob', 'arraybuffer'])(
        'judges the page also if %s was requested',
        async (type) => {
          const { api } = create(({ url }) => url.endsWith('/login'));
          await lastValueFrom(api.get$('/orders', { responseType: type }));
          expect(server.refreshes).toBe(1);
        },
      );

      it('errors with a ResponseParseError that quotes the page if isExpired returns false', async () => {
        const shown: unknown[] = [];
        const { api, session } = create(({ body }) => shown.push(body) === 0);
        const { state } = session;
        expect(await errorOf(api.get$('/orders'))).toMatchObject({
          code: 'parse',
          response: { status: 200, url: `${server.origin}/login`, body: PAGE.slice(0, 200) },
        });
        expect(shown).toEqual([PAGE]);
        expect(server.refreshes).toBe(0);
        expect(session.state).toBe(state);
      });
    });
  },
);
