import { memoryStore, type Session, type TokenStore, type Tokens } from 'renewal';
import { expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createVirtualClient } from '../../support/virtual';

const KEPT: Tokens = { accessToken: 'T2', refreshToken: 'R2', sessionId: 's' };

failureMode(
  {
    id: 'I14',
    title: 'A slow store, such as one with a fingerprint prompt, signs the user out',
    renewal:
      'Requests wait 5 s and then leave without a token. Tokens of a later load are still adopted, if the session has not changed since.',
    threads: ['peanutprotocol/peanut-ui#2489'],
  },
  (signal) => {
    /** A page whose store takes 6 s for its first `load`. */
    const openSlow = (loaded: () => Tokens | null = () => KEPT) => {
      stopClock();
      let loads = 0;
      const kept = memoryStore();
      const load: TokenStore['load'] = () =>
        loads++ > 0
          ? kept.load()
          : new Promise((resolve, reject) =>
              setTimeout(() => {
                try {
                  resolve(loaded());
                } catch (error) {
                  reject(error);
                }
              }, 6_000),
            );
      const client = createVirtualClient({ signal, store: { ...kept, version: undefined, load } });
      return { ...client, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
    };

    it('adopts the tokens of a late load: the next request carries them', async () => {
      const { api, session, sent, pass } = openSlow();
      const early = outcomeOf(api.get$('/early'));
      await pass(4_999);
      expect(early).toEqual({ values: [] });
      await pass(1);
      expect(early).toEqual(completedWith({ by: '-' }));
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
      await pass(1_000);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2', refreshToken: 'R2' } });
      expect(outcomeOf(api.get$('/later'))).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /early -', 'GET /later T2']);
    });

    it('emits late tokens to the subscribers of state$', async () => {
      const { session, pass } = openSlow();
      const seen: string[] = [];
      session.state$.subscribe(({ status }) => seen.push(status));
      await pass(6_000);
      expect(seen).toEqual(['loading', 'signed-out', 'active']);
    });

    it.each<[string, (session: Session) => Promise<void>, object]>([
      [
        'a sign-in',
        (session) => session.signIn({ accessToken: 'B1' }),
        { status: 'active', tokens: { accessToken: 'B1' } },
      ],
      ['a sign-out', (session) => session.signOut(), { status: 'signed-out' }],
      ['destroy()', async (session) => session.destroy(), { status: 'signed-out' }],
    ])('drops late tokens after %s', async (_, act, state) => {
      const { api, session, pass } = openSlow();
      api.get$('/early').subscribe();
      await pass(5_500);
      await act(session);
      await pass(1_000);
      expect(session.state).toMatchObject(state);
    });

    it.each<[string, () => null]>([
      ['nothing', () => null],
      [
        'an error',
        () => {
          throw new Error('cancelled');
        },
      ],
    ])('stays signed out if the late load is %s', async (_, loaded) => {
      const { api, session, pass } = openSlow(loaded);
      api.get$('/early').subscribe();
      await pass(7_000);
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
      expect(outcomeOf(api.get$('/later'))).toEqual(completedWith({ by: '-' }));
    });
  },
);
