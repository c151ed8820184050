import { memoryStore, type TokenGrant, type TokenStore } from 'renewal';
import { EMPTY, finalize, NEVER, of, switchMap, timer } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { type Outcome, outcomeOf } from '../../support/http-client';
import { installPage } from '../../support/page';
import { REFRESH } from '../../support/server';
import { createExpiredClient, paths, settleAll } from '../../support/server-client';
import { createSlowStore } from '../../support/slow-store';
import { createVirtualClient, type VirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const SIGNED_OUT: Outcome = { values: [], error: expect.objectContaining({ code: 'signed-out' }) };

failureMode(
  {
    id: 'D8',
    title: 'Destroyed during a refresh: waits hang, timers run on, a late response is stored',
    renewal:
      '`destroy()` ends every wait with `SignedOutError` in the same tick, cancels the refresh, timers and listeners, and leaves the store as it is.',
    threads: ['supabase/supabase-js#2392'],
  },
  (signal) => {
    const server = withServer(signal);

    it('ends all waits and the refresh in the same tick, and ignores its late response', async () => {
      const onSessionExpired = vi.fn();
      const { api, session, store, received } = createExpiredClient(server, { onSessionExpired });
      const refresh = server.hold(({ path }) => path === REFRESH);
      const states: string[] = [];
      session.state$.subscribe({ next: ({ status }) => states.push(status), complete: () => states.push('complete') });
      const outcomes = paths(5).map((path) => outcomeOf(api.get$(path)));
      await Promise.all([refresh.arrived(1), ...paths(5).map((path) => received(path))]);
      outcomes.push(...paths(5, 'held').map((path) => outcomeOf(api.get$(path))));
      outcomes.push(outcomeOf(session.refresh$()), outcomeOf(session.accessToken$()));
      const kept = await store.load();
      session.destroy();

      expect(outcomes).toEqual(Array(12).fill(SIGNED_OUT));
      await server.aborted(REFRESH);
      refresh.open();
      // Its response comes after any effect of a late refresh.
      await settleAll([api.get$('/public')]);
      expect(server.hitsOf('/public')).toMatchObject([{ authorization: undefined }]);
      expect(await store.load()).toBe(kept);
      expect(states).toEqual(['active', 'expired', 'refreshing', 'signed-out', 'complete']);
      for (const path of paths(5)) expect(server.tokensOf(path)).toEqual([T1]);
      for (const path of paths(5, 'held')) expect(server.tokensOf(path)).toEqual([]);
      expect(server.refreshes).toBe(1);
      expect(onSessionExpired).not.toHaveBeenCalled();
    });

    it('completes a running write: the next session of the store finds the new tokens', async () => {
      const issued = server.issue();
      const { store, writes } = createSlowStore(issued);
      const saved: unknown[] = [];
      const save: TokenStore['save'] = (tokens) => {
        const done = store.save(tokens);
        saved.push(done);
        return done;
      };
      const client = createExpiredClient(server, { issued, store: { ...store, save } });
      const waiting = outcomeOf(client.api.get$('/orders'));
      await writes.arrived(1);
      client.session.destroy();
      expect(waiting).toEqual(SIGNED_OUT);
      writes.open();
      await Promise.all(saved);

      expect(client.session.state.status).toBe('signed-out');
      expect(await store.load()).toMatchObject({ accessToken: 'a.access.2', refreshToken: 'a.refresh.2' });
      expect(server.tokensOf('/orders')).toEqual([T1]);
    });

    it.each([
      ['before the refresh has the lock', 5],
      ['while the refresh request is in flight', 15],
    ])('releases the lock and cancels the refresh %s', (_, ms) => {
      virtually(({ cold, expectSubscriptions, flush }) => {
        const refresh = cold<TokenGrant>('10ms (g|)', { g: { accessToken: 'T2' } });
        const write = vi.fn();
        const release = vi.fn();
        const { api, session } = createVirtualClient({
          signal,
          refresh: () => refresh,
          store: {
            load: () => ({ accessToken: 'T1', refreshToken: 'R1', sessionId: 's' }),
            save: write,
            clear: write,
            exclusive: (work) =>
              timer(10).pipe(
                switchMap(() => work),
                finalize(release),
              ),
          },
        });
        const waiting = outcomeOf(api.get$('/orders'));
        timer(ms).subscribe(() => {
          session.destroy();
          expect(waiting).toEqual(SIGNED_OUT);
          expect(release).toHaveBeenCalledOnce();
        });
        expectSubscriptions(refresh.subscriptions).toBe(ms < 10 ? [] : '10ms ^ 4ms !');
        flush();
        expect(write).not.toHaveBeenCalled();
      });
    });

    it('stores nothing if destroyed inside a `refresh` that responds in the same tick', () => {
      const store = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
      const { api, session } = createVirtualClient({
        signal,
        store,
        refresh: () => {
          session.destroy();
          return of({ accessToken: 'T2' });
        },
      });
      expect(outcomeOf(api.get$('/orders'))).toEqual(SIGNED_OUT);
      expect(store.load()).toMatchObject({ accessToken: 'T1', refreshToken: 'R1' });
    });

    const request = ({ api }: VirtualClient): Outcome => outcomeOf(api.get$('/orders'));
    const keepFresh = ({ session }: VirtualClient): Outcome => outcomeOf(session.keepFresh$());
    const never = () => new Promise<never>(() => {});
    const kept = memoryStore({ accessToken: 'T1' });

    /** Fails its refresh ahead of expiry, at 500 ms. */
    const failing = { grant: { accessToken: 'T1', expiresInMs: 1_000 }, refresh: () => EMPTY };
    type Options = Parameters<typeof createVirtualClient>[0];

    it.each<[when: string, options: Options, wait: (client: VirtualClient) => Outcome, end: Outcome]>([
      ['the store is loading', { store: { ...kept, load: never } }, request, SIGNED_OUT],
      ['`restore` is running', { store: memoryStore(), restore: () => NEVER }, request, SIGNED_OUT],
      ['`refresh` is running', { refresh: () => NEVER }, request, SIGNED_OUT],
      ['a retry of the refresh waits', { refresh: () => EMPTY, refreshRetries: 1 }, request, SIGNED_OUT],
      ['the new tokens are being written', { store: { ...kept, save: never } }, request, SIGNED_OUT],
      [
        'the refresh cools down',
        { refresh: () => EMPTY },
        request,
        { values: [], error: expect.objectContaining({ code: 'refresh' }) },
      ],
      ['keepFresh$ waits for the expiry', {}, keepFresh, { values: [], isComplete: true }],
      ['keepFresh$ waits after a failure', failing, keepFresh, { values: [], isComplete: true }],
    ])('leaves no timer and no listener behind when %s', (_, options, wait, end) => {
      stopClock();
      const page = installPage();
      const pending = () => vi.getTimerCount() + page.listeners;
      const client = createVirtualClient({ signal, grant: { accessToken: 'T1', expiresInMs: 9_000 }, ...options });
      const waiting = wait(client);
      vi.advanceTimersByTime(600);
      expect(pending()).toBeGreaterThan(0);
      client.session.destroy();

      expect(pending()).toBe(0);
      expect(waiting).toEqual(end);
      expect(outcomeOf(client.session.refresh$())).toEqual(SIGNED_OUT);
      expect(outcomeOf(client.session.accessToken$())).toEqual(SIGNED_OUT);
      expect(pending()).toBe(0);
    });
  },
);
