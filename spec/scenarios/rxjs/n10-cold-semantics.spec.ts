import type { TokenGrant } from 'renewal';
import {
  EMPTY,
  expand,
  firstValueFrom,
  forkJoin,
  lastValueFrom,
  map,
  type Observable,
  of,
  repeat,
  retry,
  Subject,
  switchMap,
  TimeoutError,
  take,
  takeUntil,
  tap,
  timeout,
  timer,
  toArray,
} from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import type { Echo } from '../../support/server';
import { createClient, createExpiredClient, errorOf } from '../../support/server-client';
import { createVirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'N10',
    title: 'A request is sent unsubscribed, is shared, or is not restarted by `retry`',
    renewal:
      'A request is a cold observable: each subscription sends its own request, with the token of that moment and its own right to a refresh; unsubscribing ends it.',
  },
  (signal) => {
    const server = withServer(signal);

    it('sends nothing without a subscriber, and one request for each', async () => {
      const { api } = createClient(server);
      const request$ = api.post$<Echo>('/pay', { amount: 1 });
      api.get$('/never');
      await lastValueFrom(api.get$('/other'));
      expect(server.hits.map(({ path }) => path)).toEqual(['/other']);
      expect(await Promise.all([lastValueFrom(request$), lastValueFrom(request$)])).toHaveLength(2);
      expect(server.hitsOf('/pay')).toHaveLength(2);
    });

    it('restarts for `repeat` with the current token', async () => {
      const { api } = createExpiredClient(server);
      const echoes = await lastValueFrom(api.get$<Echo>('/orders').pipe(repeat(3), toArray()));
      expect(echoes.map(({ by }) => by)).toEqual(Array(3).fill('a.access.2'));
      expect(server.tokensOf('/orders')).toEqual(['a.access.1', ...Array(3).fill('a.access.2')]);
    });

    it('refreshes at each restart if the token has expired in between', async () => {
      const { api } = createExpiredClient(server);
      const request$ = api.get$<Echo>('/orders').pipe(
        tap(() => server.live.clear()),
        repeat(3),
        toArray(),
      );
      expect((await lastValueFrom(request$)).map(({ by }) => by)).toEqual(['a.access.2', 'a.access.3', 'a.access.4']);
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.2', 'a.refresh.3']);
    });

    it('uses up no attempt of a `retry` for an expired response', async () => {
      const { api } = createExpiredClient(server);
      expect(await lastValueFrom(api.get$<Echo>('/orders').pipe(retry(0)))).toMatchObject({ nth: 2 });
    });

    it('lets `retry` cause another refresh after a failed one', async () => {
      const { api } = createExpiredClient(server);
      server.refreshReply = { status: 503, headers: { 'retry-after': '0' } };
      const failures: unknown[] = [];
      const request$ = api.get$<Echo>('/orders').pipe(
        retry({
          count: 2,
          delay: (error) => {
            server.refreshReply = undefined;
            return of(failures.push(error));
          },
        }),
      );
      expect(await lastValueFrom(request$)).toMatchObject({ by: 'a.access.2' });
      expect(failures).toMatchObject([{ code: 'refresh' }]);
      expect(server.refreshes).toBe(2);
    });

    it('sends once per `retry` to a route that rejects the token, without more refreshes', async () => {
      const { api } = createExpiredClient(server);
      server.closedTo.add('/closed');
      expect(await errorOf(api.get$('/closed').pipe(retry(2)))).toMatchObject({ code: 'token-rejected' });
      expect(server.tokensOf('/closed')).toEqual(['a.access.1', ...Array(3).fill('a.access.2')]);
      expect(server.refreshes).toBe(1);
    });

    it.each<[string, (request$: Observable<Echo>) => Promise<Echo | undefined>]>([
      ['firstValueFrom', firstValueFrom],
      ['lastValueFrom', lastValueFrom],
      ['toPromise', (request$) => request$.toPromise()],
      ['take(1)', (request$) => lastValueFrom(request$.pipe(take(1)))],
      ['forkJoin', (request$) => lastValueFrom(forkJoin([request$]).pipe(map(([echo]) => echo)))],
    ])('passes through %s, with a refresh', async (_, run) => {
      const { api } = createExpiredClient(server);
      expect(await run(api.get$<Echo>('/orders'))).toMatchObject({ by: 'a.access.2', nth: 2 });
    });

    it('pages through with `expand`, whenever the token expires', async () => {
      const { api } = createExpiredClient(server);
      const page$ = (page: number) =>
        api.get$<Echo>(`/pages/${page}`).pipe(
          map(({ by }) => ({ page, by })),
          tap(() => server.live.clear()),
        );
      const pages$ = page$(1).pipe(
        expand(({ page }) => (page < 3 ? page$(page + 1) : EMPTY)),
        toArray(),
      );
      expect((await lastValueFrom(pages$)).map(({ by }) => by)).toEqual(['a.access.2', 'a.access.3', 'a.access.4']);
    });

    it('aborts the request when `switchMap` switches, and delivers only the next one', async () => {
      const { api } = createClient(server);
      const slow = server.hold(({ path }) => path === '/old');
      const typed = new Subject<string>();
      const found = lastValueFrom(
        typed.pipe(
          switchMap((path) => api.get$<Echo>(path)),
          toArray(),
        ),
      );
      typed.next('/old');
      await slow.arrived(1);
      typed.next('/new');
      typed.complete();
      await server.aborted('/old');
      slow.open();
      expect(await found).toMatchObject([{ path: '/new' }]);
    });

    it("ends by the caller's `timeout` while it waits, and the refresh continues", () => {
      virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const refresh = cold<TokenGrant>('-----(g|)', { g: { accessToken: 'T2' } });
        const { api, sent } = createVirtualClient({ signal, refresh: () => refresh });
        expectObservable(api.get$('/a').pipe(timeout(3))).toBe('---#', undefined, expect.any(TimeoutError));
        expectObservable(api.get$('/b').pipe(takeUntil(timer(3)))).toBe('---|');
        expectSubscriptions(refresh.subscriptions).toBe('^----!');
        flush();
        expect(sent).toEqual(['GET /a T1']);
      });
    });
  },
);
