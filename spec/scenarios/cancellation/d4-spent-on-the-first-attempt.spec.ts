import type { HttpResponse, TokenGrant } from 'renewal';
import { delay, fromEvent, lastValueFrom, of, takeUntil, tap } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { type Echo, REFRESH } from '../../support/server';
import { createExpiredClient, errorOf, stateOf } from '../../support/server-client';
import { createVirtualClient, expiredBy, lineOf, response, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

/** Code of a caller with an `AbortSignal`: errors with its reason. */
const abortedBy = <T>(signal: AbortSignal) =>
  takeUntil<T>(fromEvent(signal, 'abort').pipe(tap(() => signal.throwIfAborted())));

failureMode(
  {
    id: 'D4',
    title: 'The second attempt has an aborted signal, or the rest of the timeout',
    renewal:
      'Unsubscribing is the abort, at any moment: use `takeUntil(fromEvent(signal, "abort"))` with an `AbortSignal`. Each attempt has its own `timeoutMs`.',
    threads: ['daodaoedu/daodao-f2e#778'],
  },
  (signal) => {
    const server = withServer(signal);

    it('ends at once if aborted while it waits, without a replay; the refresh continues', async () => {
      const { api, session } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const controller = new AbortController();
      const error = errorOf(api.get$('/orders').pipe(abortedBy(controller.signal)));
      await refresh.arrived(1);
      controller.abort();
      expect(await error).toMatchObject({ name: 'AbortError' });
      refresh.open();

      await stateOf(session, (state) => state.status === 'active' && state.tokens.accessToken === T2);
      expect(await lastValueFrom(api.get$<Echo>('/next'))).toMatchObject({ by: T2 });
      expect(server.tokensOf('/orders')).toEqual([T1]);
    });

    it.each([
      ['first', T1],
      ['second', T2],
    ])('aborts the request on the wire during its %s attempt', async (_, token) => {
      const { api } = createExpiredClient(server);
      const slow = server.hold((hit) => hit.path === '/slow' && hit.token === token);
      const controller = new AbortController();
      const error = errorOf(api.get$('/slow').pipe(abortedBy(controller.signal)));
      await slow.arrived(1);
      controller.abort();
      expect(await error).toMatchObject({ name: 'AbortError' });
      await server.aborted('/slow');
      slow.open();
      expect(server.tokensOf('/slow').at(-1)).toBe(token);
      expect(server.refreshes).toBe(token === T1 ? 0 : 1);
    });

    it('gives the second attempt its whole timeoutMs, however long it has waited', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const first = cold<HttpResponse>('90ms (e|)', { e: expiredBy(signal) });
        const second = cold<HttpResponse>('90ms (a|)', { a: response(200, 'answer') });
        const { api } = createVirtualClient({
          signal,
          refresh: () => cold<TokenGrant>('500ms (g|)', { g: { accessToken: 'T2' } }),
          respond: (request) => (lineOf(request).endsWith('T1') ? first : second),
        });
        expectObservable(api.get$('/orders', { timeoutMs: 100 })).toBe('680ms (v|)', { v: 'answer' });
        // Each is over before the next one leaves.
        expectSubscriptions(first.subscriptions).toBe('^ 89ms !');
        expectSubscriptions(second.subscriptions).toBe('590ms ^ 89ms !');
      });
    });

    it('ends a second attempt that takes longer than its timeoutMs, and not before', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const second = cold<HttpResponse>('101ms (a|)', { a: response(200, 'answer') });
        const { api } = createVirtualClient({
          signal,
          refresh: () => cold<TokenGrant>('500ms (g|)', { g: { accessToken: 'T2' } }),
          respond: (request, answer) => (lineOf(request).endsWith('T1') ? of(answer).pipe(delay(90)) : second),
        });
        const error = expect.objectContaining({ name: 'RequestTimeoutError', code: 'timeout' });
        expectObservable(api.get$('/orders', { timeoutMs: 100 })).toBe('690ms #', undefined, error);
        expectSubscriptions(second.subscriptions).toBe('590ms ^ 99ms !');
      });
    });
  },
);
