import { memoryStore, type TokenStore, type Tokens } from 'renewal';
import { Subject } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { createBarrier } from '../../support/barrier';
import { stopClock } from '../../support/clock';
import { eventsOf, warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient } from '../../support/virtual';

failureMode(
  {
    id: 'I16',
    title: 'One write never ends, and a later sign-out never reaches the store',
    renewal: 'A write is abandoned after 5 s and delays no later one. Its late effect is corrected by another write.',
  },
  (signal) => {
    /** A store whose first `save` waits for `late`. */
    const openHanging = (late: Promise<void>) => {
      stopClock();
      const kept = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
      const changes$ = new Subject<Tokens | null>();
      const calls: string[] = [];
      let saves = 0;
      const store: TokenStore = {
        ...kept,
        version: undefined,
        changes$,
        save: (tokens) => {
          calls.push(`save ${tokens.accessToken}`);
          return ++saves > 1 ? kept.save(tokens) : late.then(() => kept.save(tokens));
        },
        clear: () => {
          calls.push('clear');
          return kept.clear();
        },
      };
      const client = createVirtualClient({ signal, store, refresh: createIssuer().refresh });
      const events = eventsOf(client.api);
      return { ...client, kept, changes$, calls, events, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
    };
    const never = () => createBarrier().opened;

    it('clears the store 5 s after the start of the save, and resolves signOut', async () => {
      const { session, kept, calls, events, pass } = openHanging(never());
      session.signIn({ accessToken: 'B1' });
      await pass(1_000);
      const resolved = vi.fn();
      session.signOut().then(resolved);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
      await pass(3_999);
      expect(calls).toEqual(['save B1']);
      await pass(1);
      expect(calls).toEqual(['save B1', 'clear']);
      expect(await kept.load()).toBeNull();
      expect(resolved).toHaveBeenCalledOnce();
      expect(warningsIn(events)).toEqual(['write: no answer']);
    });

    it('clears the store at once if the save was abandoned before', async () => {
      const { session, kept, pass } = openHanging(never());
      session.signIn({ accessToken: 'B1' });
      await pass(6_000);
      await session.signOut();
      expect(await kept.load()).toBeNull();
    });

    it('writes the tokens of the next sign-in', async () => {
      const { session, kept, pass } = openHanging(never());
      session.signIn({ accessToken: 'B1' });
      session.signIn({ accessToken: 'C1' });
      await pass(5_000);
      expect(await kept.load()).toMatchObject({ accessToken: 'C1' });
    });

    it('follows a sign-out of another tab once a later write has succeeded', async () => {
      const { session, kept, changes$, pass } = openHanging(never());
      session.state$.subscribe();
      session.signIn({ accessToken: 'B1', refreshToken: 'R1' });
      await pass(6_000);
      session.refresh$().subscribe();
      await pass(1_000);
      expect(await kept.load()).toMatchObject({ accessToken: 'T2' });
      await kept.clear();
      changes$.next(null);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    });

    it.each<[string, { readonly accessToken: string } | null]>([
      ['a sign-out', null],
      ['another sign-in', { accessToken: 'C1' }],
    ])('leaves nothing of a save that ends after %s', async (_, next) => {
      const late = createBarrier();
      const { session, kept, pass } = openHanging(late.opened);
      session.signIn({ accessToken: 'B1' });
      await pass(6_000);
      await (next ? session.signIn(next) : session.signOut());
      late.open();
      await pass(1_000);
      if (next) expect(await kept.load()).toMatchObject(next);
      else expect(await kept.load()).toBeNull();
    });
  },
);
