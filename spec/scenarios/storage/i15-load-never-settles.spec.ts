import { memoryStore, type TokenStore, type Tokens } from 'renewal';
import { Subject } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { eventsOf, warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient } from '../../support/virtual';

failureMode(
  {
    id: 'I15',
    title: 'One read of the store never ends, and the store is never read again',
    renewal: 'A read is abandoned after 5 s with a warning, and delays no later one.',
  },
  (signal) => {
    /** A store with other writers; its read number `hanging` never ends, counted from the first refresh on. */
    const openHanging = (hanging: number) => {
      stopClock();
      const changes$ = new Subject<Tokens | null>();
      const kept = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
      let isCounting = false;
      let loads = 0;
      const load: TokenStore['load'] = () =>
        isCounting && ++loads === hanging ? new Promise<never>(() => {}) : kept.load();
      const issuer = createIssuer();
      const client = createVirtualClient({
        signal,
        store: { ...kept, version: undefined, load, changes$ },
        isDead: (token) => token === 'T1' || token === 'T2',
        refresh: issuer.refresh,
      });
      isCounting = true;
      const events = eventsOf(client.api);
      return { ...client, kept, changes$, issuer, events, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
    };

    it('continues from memory after 5 s, and reads again before the next refresh', async () => {
      const { api, kept, issuer, events, pass } = openHanging(1);
      const first = outcomeOf(api.get$('/a'));
      await pass(5_000);
      expect(issuer.presented).toEqual(['R1']);
      expect(warningsIn(events)).toContain('load: no answer');
      expect(first.error).toMatchObject({ code: 'token-rejected' });

      // Another writer has refreshed them since.
      const { sessionId } = (await kept.load()) ?? {};
      await kept.save({ accessToken: 'T9', refreshToken: 'R9', sessionId: `${sessionId}`, revision: 9 });
      const second = outcomeOf(api.get$('/b'));
      await pass(100);
      expect(second).toEqual(completedWith({ by: 'T9' }));
      expect(issuer.presented).toEqual(['R1']);
    });

    it.each([1, 2])('follows other writers after read number %d was abandoned', async (hanging) => {
      const { session, kept, changes$, pass } = openHanging(hanging);
      session.state$.subscribe();
      const notify = async (tokens: Tokens): Promise<void> => {
        await kept.save(tokens);
        changes$.next(tokens);
      };
      await notify({ accessToken: 'T5', refreshToken: 'R5', sessionId: 'later', revision: 1 });
      await notify({ accessToken: 'T6', refreshToken: 'R6', sessionId: 'later', revision: 2 });
      await pass(5_000);
      await notify({ accessToken: 'T7', refreshToken: 'R7', sessionId: 'later', revision: 3 });
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T7' } });
      await kept.clear();
      changes$.next(null);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
    });
  },
);
