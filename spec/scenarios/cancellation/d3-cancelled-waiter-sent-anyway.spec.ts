import { memoryStore, type TokenGrant, type Tokens } from 'renewal';
import { delay, lastValueFrom, of, Subscription, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { createBarrier } from '../../support/barrier';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { type Echo, REFRESH } from '../../support/server';
import { createExpiredClient, paths } from '../../support/server-client';
import { createVirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

failureMode(
  {
    id: 'D3',
    title: 'A request that was cancelled while it waited is sent all the same',
    renewal: 'A request that is unsubscribed while it waits never reaches the server, up to the tick of its release.',
    threads: ['urql-graphql/urql#3235'],
  },
  (signal) => {
    const server = withServer(signal);

    it('never sends a waiting POST that was unsubscribed', async () => {
      const { api, sentPaths } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const first = lastValueFrom(api.get$('/first'));
      await refresh.arrived(1);
      api.post$('/pay', { amount: 1 }).subscribe().unsubscribe();
      const waiting = api.post$('/pay', { amount: 2 }).subscribe();
      const staying = lastValueFrom(api.post$<Echo>('/pay', { amount: 3 }));
      waiting.unsubscribe();
      refresh.open();

      await first;
      expect(await staying).toMatchObject({ nth: 1 });
      expect(server.hitsOf('/pay').map(({ body }) => `${body}`)).toEqual(['{"amount":3}']);
      expect(sentPaths).toEqual(['/first', REFRESH, '/first', '/pay']);
    });

    it('replays no request that was unsubscribed after its expired response', async () => {
      const { api, received: came } = createExpiredClient(server);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const leaving = api.post$('/leaving', { amount: 1 }).subscribe();
      const staying = lastValueFrom(api.get$<Echo>('/staying'));
      await Promise.all([came('/leaving'), came('/staying'), refresh.arrived(1)]);
      leaving.unsubscribe();
      refresh.open();

      expect(await staying).toMatchObject({ by: T2 });
      expect(server.tokensOf('/leaving')).toEqual([T1]);
      expect(server.refreshes).toBe(1);
    });

    it('never sends a request that was unsubscribed while it waited for the store', async () => {
      const issued = server.issue();
      const kept = memoryStore(issued);
      const loading = createBarrier();
      const load = async (): Promise<Tokens | null | undefined> => {
        await loading.opened;
        return kept.load();
      };
      const { api, sentPaths } = createExpiredClient(server, { issued, store: { ...kept, load } });
      const leaving = api.post$('/leaving').subscribe();
      const staying = lastValueFrom(api.get$<Echo>('/staying'));
      leaving.unsubscribe();
      loading.open();

      expect(await staying).toMatchObject({ by: T2 });
      expect(sentPaths).toEqual(['/staying', REFRESH, '/staying']);
    });

    /** A client whose refresh takes 10 ms. */
    const createWaiting = () =>
      createVirtualClient({ signal, refresh: () => of<TokenGrant>({ accessToken: 'T2' }).pipe(delay(10)) });

    it('sends every second one of a thousand when the others are unsubscribed', () => {
      virtually(({ flush }) => {
        const { api, sent } = createWaiting();
        outcomeOf(api.get$('/first'));
        const waiting = paths(1_000).map((path) => api.post$(path).subscribe());
        for (const leaving of waiting.filter((_, index) => index % 2)) leaving.unsubscribe();
        flush();
        const staying = paths(1_000).filter((_, index) => index % 2 === 0);
        expect(sent.slice(2)).toEqual(staying.map((path) => `POST ${path} T2`));
      });
    });

    it('sends no request that the response of another cancels in the tick of the release', () => {
      virtually(({ flush }) => {
        const { api, sent } = createWaiting();
        const others = new Subscription();
        api.get$('/first').subscribe(() => others.unsubscribe());
        others.add(api.post$('/leaving').subscribe());
        const staying = outcomeOf(api.get$('/staying'));
        flush();
        expect(staying).toEqual(completedWith({ by: 'T2' }));
        expect(sent).toEqual(['GET /first T1', 'GET /first T2', 'GET /staying T2']);
      });
    });

    it('sends no request that a state subscriber cancels when the new tokens arrive', () => {
      virtually(({ flush }) => {
        const { api, session, sent } = createWaiting();
        const leaving = new Subscription();
        session.state$.subscribe(({ generation }) => generation > 1 && leaving.unsubscribe());
        outcomeOf(api.get$('/first'));
        leaving.add(api.post$('/leaving').subscribe());
        outcomeOf(api.get$('/staying'));
        flush();
        expect(leaving.closed).toBe(true);
        expect(sent).toEqual(['GET /first T1', 'GET /first T2', 'GET /staying T2']);
      });
    });

    it('removes unsubscribed requests from the limiter queue and frees their slots', () => {
      virtually(({ flush }) => {
        const { api, sent } = createVirtualClient({
          signal,
          releaseConcurrency: 1,
          refresh: () => of<TokenGrant>({ accessToken: 'T2' }).pipe(delay(10)),
          respond: (_request, answer) => of(answer).pipe(delay(5)),
        });
        const [, second, , fourth] = paths(5).map((path) => api.post$(path).subscribe());
        // The refresh is done at 15 ms; the first response arrives at 20 ms, the third at 25 ms.
        timer(16).subscribe(() => second?.unsubscribe());
        timer(24).subscribe(() => fourth?.unsubscribe());
        flush();
        const staying = ['/orders/0', '/orders/2', '/orders/4'];
        expect(sent.slice(5)).toEqual(staying.map((path) => `POST ${path} T2`));
      });
    });
  },
);
