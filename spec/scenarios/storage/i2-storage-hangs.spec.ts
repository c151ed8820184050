import { memoryStore, type TokenStore } from 'renewal';
import { lastValueFrom, NEVER } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { createBarrier } from '../../support/barrier';
import { stopClock } from '../../support/clock';
import { eventsOf, warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { createQuietStore } from '../../support/quiet-store';
import { createVirtualClient, virtually } from '../../support/virtual';

type Call = 'load' | 'save' | 'clear';

const GRANT = { accessToken: 'T1', refreshToken: 'R1' };

/** A store some of whose calls hang on demand; `calls` are the calls since then. */
const createHanging = (...hanging: readonly Call[]) => {
  const kept = createQuietStore(GRANT);
  const calls: Call[] = [];
  let isHanging = false;
  const call = <T>(name: Call, work: () => T): T | Promise<never> => {
    if (isHanging) calls.push(name);
    return isHanging && hanging.includes(name) ? new Promise(() => {}) : work();
  };
  const store: TokenStore = {
    ...kept,
    load: () => call('load', kept.load),
    save: (tokens) => call('save', () => kept.save(tokens)),
    clear: () => call('clear', kept.clear),
  };
  return {
    store,
    calls,
    hang: () => {
      isHanging = true;
    },
  };
};

failureMode(
  {
    id: 'I2',
    title: 'Storage hangs: a write or a read that never settles',
    renewal:
      'Each call of the store has 5 s; then waiting requests continue with the new tokens from memory, and a warning says so. A hanging call delays no later one, and its late result is judged like any other.',
    threads: ['supabase/supabase-js#2235', 'supabase/supabase-js#2013'],
  },
  (signal) => {
    it.each([
      ['a read', '5s', ['load'], ['load: no answer']],
      ['a write', '5s', ['save'], ['write: no answer']],
      ['a read and then a write', '10s', ['load', 'save'], ['load: no answer', 'write: no answer']],
    ] as const)(
      'gives all waiting requests the new token although %s hangs, after %s',
      (_, wait, hanging, warnings) => {
        virtually(({ expectObservable, flush }) => {
          const { store, hang } = createHanging(...hanging);
          const { api, session, sent } = createVirtualClient({ signal, store, refresh: createIssuer().refresh });
          const events = eventsOf(api);
          hang();
          for (const path of ['/a', '/b']) expectObservable(api.get$(path)).toBe(`${wait} (v|)`, { v: { by: 'T2' } });
          flush();
          expect(sent).toEqual(['GET /a T1', 'GET /a T2', 'GET /b T2']);
          expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2', refreshToken: 'R2' } });
          expect(warningsIn(events)).toEqual(warnings);
          // It still hangs, but nothing needs it.
          expect(outcomeOf(api.get$('/c'))).toEqual(completedWith({ by: 'T2' }));
        });
      },
    );

    it('waits once for hanging reads: the next refresh reads again, and does not wait', () => {
      virtually(({ cold, expectObservable, flush }) => {
        const { store, hang, calls } = createHanging('load');
        const issuer = createIssuer();
        const { api, session } = createVirtualClient({ signal, store, refresh: issuer.refresh });
        hang();
        expectObservable(api.get$('/a')).toBe('5s (v|)', { v: { by: 'T2' } });
        cold('6s a', { a: 0 }).subscribe(() => {
          expect(outcomeOf(session.refresh$()).values).toMatchObject([{ accessToken: 'T3', refreshToken: 'R3' }]);
        });
        flush();
        expect(calls).toEqual(['load', 'load', 'save', 'load', 'load', 'save']);
        expect(issuer.presented).toEqual(['R1', 'R2']);
      });
    });

    it('uses the new tokens if refreshTimeoutMs ends the refresh during a hanging write', () => {
      virtually(({ expectObservable, flush }) => {
        const { store, hang } = createHanging('save');
        const { api, session } = createVirtualClient({ signal, store, refreshTimeoutMs: 3_000 });
        hang();
        expectObservable(api.get$('/a')).toBe('3s (v|)', { v: { by: 'T2' } });
        flush();
        expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
      });
    });

    it('keeps the session and fails the waiting requests if the lock is never granted', () => {
      virtually(({ expectObservable, flush }) => {
        const issuer = createIssuer();
        const store = { ...memoryStore(GRANT), exclusive: () => NEVER };
        const { api, session } = createVirtualClient({
          signal,
          store,
          refresh: issuer.refresh,
          refreshTimeoutMs: 7_000,
        });
        const failed = expect.objectContaining({ code: 'refresh' });
        for (const path of ['/a', '/b']) expectObservable(api.get$(path)).toBe('7s #', undefined, failed);
        flush();
        expect(session.state).toMatchObject({ status: 'expired', tokens: GRANT });
        expect(issuer.presented).toEqual([]);
      });
    });

    it('adopts the tokens of a late read, if nothing has happened since', async () => {
      stopClock();
      const { opened, open } = createBarrier();
      const load = opened.then(() => ({ ...GRANT, sessionId: 's' }));
      const { api, session } = createVirtualClient({ signal, store: { ...memoryStore(), load: () => load } });
      const request = lastValueFrom(api.get$('/a'));
      await vi.advanceTimersByTimeAsync(5_000);
      expect(await request).toEqual({ by: '-' });
      open();
      await load;
      expect(session.state).toMatchObject({ status: 'active', tokens: GRANT });
    });

    it.each([
      ['signIn', 'save', 'active'],
      ['signOut', 'clear', 'signed-out'],
    ] as const)(
      'changes the state at once, and resolves %s within 5 s, although %s hangs',
      async (change, call, to) => {
        stopClock();
        const { store, hang } = createHanging(call);
        const { session } = createVirtualClient({ signal, store });
        hang();
        const resolved = vi.fn();
        const changed = session[change]({ accessToken: 'B1' }).then(resolved);
        expect(session.state.status).toBe(to);
        await vi.advanceTimersByTimeAsync(4_999);
        expect(resolved).not.toHaveBeenCalled();
        await vi.advanceTimersByTimeAsync(1);
        expect(resolved).toHaveBeenCalledOnce();
        await changed;
      },
    );

    it('leaves the newest tokens in the store when a hanging write ends at last', async () => {
      stopClock();
      const { opened, open } = createBarrier();
      const kept = memoryStore(GRANT);
      const store: TokenStore = { ...kept, save: (tokens) => opened.then(() => kept.save(tokens)) };
      const { session } = createVirtualClient({ signal, store, refresh: createIssuer().refresh });
      for (const accessToken of ['T2', 'T3']) {
        const renewed = lastValueFrom(session.refresh$());
        await vi.advanceTimersByTimeAsync(5_000);
        expect(await renewed).toMatchObject({ accessToken });
      }
      const signedIn = session.signIn({ accessToken: 'B1' });
      open();
      await signedIn;
      await vi.advanceTimersByTimeAsync(0);
      expect(kept.load()).toMatchObject({ accessToken: 'B1' });
    });

    it('delays no sign-out, and clears the tokens of a late write', async () => {
      stopClock();
      const { opened, open } = createBarrier();
      const kept = memoryStore(GRANT);
      const store: TokenStore = { ...kept, save: (tokens) => opened.then(() => kept.save(tokens)) };
      const { api, session } = createVirtualClient({ signal, store });
      const request = lastValueFrom(api.get$('/a'));
      await vi.advanceTimersByTimeAsync(5_000);
      expect(await request).toEqual({ by: 'T2' });

      await session.signOut();
      expect(kept.load()).toBeNull();
      const cleared = vi.spyOn(store, 'clear');
      open();
      await vi.advanceTimersByTimeAsync(0);
      expect(cleared).toHaveBeenCalledOnce();
      expect(kept.load()).toBeNull();
    });
  },
);
