import { memoryStore, type TokenStore, type Tokens } from 'renewal';
import { delay, of, Subject } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { createVirtualClient } from '../../support/virtual';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

/** The time that the refresh of Ann takes. */
const ANSWER_MS = 20;
/** The time of Bob's sign-in: from before the refresh to some time after it. */
const SIGN_IN_AT_MS = Array.from({ length: 60 }, (_, index) => index + 1);

/** A store of several processes: each call takes a while, and so does the notice of a write to the others. */
const createSlowCell = (callMs: number, tellMs: number) => {
  const cell = { held: null as Tokens | null };
  const { exclusive } = memoryStore();
  const later = <T>(work: () => T, ms = callMs): Promise<T> =>
    new Promise((resolve) => setTimeout(() => resolve(work()), ms));
  const listeners: Subject<Tokens | null>[] = [];
  const open = (isLocked: boolean): TokenStore => {
    const changes$ = new Subject<Tokens | null>();
    listeners.push(changes$);
    const write = (tokens: Tokens | null) =>
      later(() => {
        cell.held = tokens;
        for (const each of listeners) if (each !== changes$) later(() => each.next(tokens), tellMs);
      });
    return {
      load: () => later(() => cell.held),
      save: write,
      clear: () => write(null),
      changes$,
      ...(isLocked && exclusive && { exclusive }),
    };
  };
  return { cell, open };
};

failureMode(
  {
    id: 'E11',
    title: 'A sign-in in one tab crosses the refresh of another, and the old user returns',
    renewal:
      'The later sign-in wins. If a late refresh has overwritten it, the session of the later sign-in writes its tokens again, and every tab ends with that user.',
    threads: ['AxaFrance/oidc-client#1022', 'geolens-io/geolens#1446'],
  },
  (signal) => {
    describe.each([
      ['with a lock', true],
      ['without a lock', false],
    ])('a slow store, %s', (_, isLocked) => {
      it.each([
        [3, 5],
        [10, 1],
        [1, 30],
      ])('ends with the user of the sign-in (a call takes %d ms, a notice %d ms)', async (callMs, tellMs) => {
        stopClock();
        for (const atMs of SIGN_IN_AT_MS) {
          const { cell, open } = createSlowCell(callMs, tellMs);
          const [refreshing, signing] = [open(isLocked), open(isLocked)].map((store) =>
            createVirtualClient({
              signal,
              store,
              refresh: () => of({ accessToken: 'T2', refreshToken: 'R2' }).pipe(delay(ANSWER_MS)),
            }),
          );
          if (!refreshing || !signing) throw new Error('too few sessions');
          onTestFinished(() => {
            for (const { session } of [refreshing, signing]) session.destroy();
          });
          signing.session.state$.subscribe();
          refreshing.session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
          await vi.advanceTimersByTimeAsync(100);
          const outcome = outcomeOf(refreshing.api.post$('/transfer', { amount: 1 }));
          await vi.advanceTimersByTimeAsync(atMs);
          signing.session.signIn({ accessToken: 'B1', refreshToken: 'S1' });
          await vi.advanceTimersByTimeAsync(3_000);

          // Sent as Ann if the refresh was over by then.
          expect(['signed-out', 'T2']).toContain(Object(outcome.error).code ?? Object(outcome.values[0]).by);
          expect({ atMs, held: cell.held?.accessToken }).toEqual({ atMs, held: 'B1' });
          for (const { session } of [refreshing, signing])
            expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'B1' } });
          expect([...refreshing.sent, ...signing.sent]).not.toContain('POST /transfer B1');
        }
      });
    });

    it.each([
      ['one entry', {}],
      ['plain entries', { keys: { accessToken: 'token', refreshToken: 'refreshToken' } }],
    ])('ends with that user in a web storage with a read delay of 5 ms (%s)', async (_, layout) => {
      for (const atMs of SIGN_IN_AT_MS) {
        const browser = installBrowser(signal);
        browser.lagMs = 5;
        const [refreshing, signing] = [browser.open(layout), browser.open(layout)];
        await refreshing.session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
        signing.session.state$.subscribe();
        await browser.advance(300);
        const outcome = refreshing.get();
        await browser.advance(atMs);
        signing.session.signIn({ accessToken: 'T50', refreshToken: 'R50' });
        await browser.advance(3_000);

        const tokens = [refreshing, signing].map(({ session }) => Object(session.state).tokens?.accessToken);
        const written = browser.storage.getItem('token') ?? JSON.parse(`${browser.storage.getItem('renewal')}`);
        expect({ atMs, tokens, written: Object(written).accessToken ?? written }).toEqual({
          atMs,
          tokens: ['T50', 'T50'],
          written: 'T50',
        });
        expect(outcome).not.toEqual(sentWith('T50'));
        expect(refreshing.sent).not.toContain('GET /a T50');
        for (const { session } of [refreshing, signing]) session.destroy();
      }
    });

    /** Three entries, last written by the second tab. */
    const MIXTURES = [1, 2, 3, 4, 5, 6].map((bits) => [0, 1, 2].filter((index) => bits & (1 << index)));

    it.each(MIXTURES.map((ofBob) => [ofBob]))(
      'ends with that user if the plain entries of two writes mix (of the second: %j)',
      async (ofBob) => {
        const browser = installBrowser(signal);
        // Neither tab sees the writes of the other.
        browser.lagMs = 50;
        browser.losesStorageEvents = true;
        const layout = { keys: { accessToken: 'token', refreshToken: 'refreshToken' } };
        const [ann, bob] = [browser.open(layout), browser.open(layout)];
        await ann.session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
        await browser.advance(100);
        for (const { session } of [ann, bob]) session.state$.subscribe();
        ann.get();
        await browser.advance(ANSWER_MS);
        const names = [...new Set(browser.writtenKeys)];
        expect(names).toHaveLength(3);
        const read = () => names.map((name) => browser.storage.getItem(name) ?? '');
        const written = read();
        await bob.session.signIn({ accessToken: 'T50', refreshToken: 'R50' });
        const writtenLater = read();

        browser.losesStorageEvents = false;
        for (const [index, key] of names.entries()) {
          // The browser sends an event for each write, also for one that was overwritten at once.
          const [later, earlier] = [`${writtenLater[index]}`, `${written[index]}`];
          const isOfBob = ofBob.includes(index);
          browser.dispatchStorageEvent({ key, newValue: isOfBob ? earlier : later });
          browser.storage.setItem(key, isOfBob ? later : earlier);
        }
        await browser.advance(3_000);
        const tokens = { accessToken: 'T50', refreshToken: 'R50' };
        for (const { session } of [ann, bob]) expect(session.state).toMatchObject({ status: 'active', tokens });
        expect([browser.storage.getItem('token'), browser.storage.getItem('refreshToken')]).toEqual(['T50', 'R50']);
      },
    );

    it.each([[['refreshToken']], [['token.renewal']], [['refreshToken', 'token.renewal']]])(
      'keeps both tokens if a crossing sign-out of another tab removes %j',
      async (removed) => {
        const browser = installBrowser(signal);
        const layout = { keys: { accessToken: 'token', refreshToken: 'refreshToken' } };
        const tabs = [browser.open(layout), browser.open(layout)];
        for (const { session } of tabs) session.state$.subscribe();
        await tabs[0]?.session.signIn({ accessToken: 'T50', refreshToken: 'R50' });
        // The access token, which a sign-out removes first, was not there yet.
        for (const key of removed) browser.storage.removeItem(key);
        await browser.advance(3_000);
        const [state, other] = tabs.map(({ session }) => session.state);
        const tokens = { accessToken: 'T50', refreshToken: 'R50' };
        expect(state).toMatchObject({ status: 'active', tokens });
        expect(Object(other).tokens).toEqual(Object(state).tokens);
        expect([browser.storage.getItem('token'), browser.storage.getItem('refreshToken')]).toEqual(['T50', 'R50']);
      },
    );

    it('replays nothing with the dead token if the refresh ends between two entry writes', async () => {
      const browser = installBrowser(signal);
      const ann = browser.open({ keys: { accessToken: 'token', refreshToken: 'refreshToken' } });
      await ann.session.signIn({ accessToken: 'T1', refreshToken: 'R1' });
      const outcome = ann.get();
      await browser.advance(ANSWER_MS / 2);
      browser.storage.setItem('refreshToken', 'R50');
      await browser.advance(ANSWER_MS);
      expect(outcome).toEqual(sentWith('T2'));
      expect(ann.sent).toEqual(['GET /a T1', 'GET /a T2']);
      expect(browser.authServer.presented).toEqual(['R1']);
    });
  },
);
