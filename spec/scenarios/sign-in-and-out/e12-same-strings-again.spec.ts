import { NEVER } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

const ANN = { accessToken: 'T5', refreshToken: 'R5' };
const BOB = { accessToken: 'T7', refreshToken: 'R7' };

failureMode(
  {
    id: 'E12',
    title: 'A sign-in repeats earlier token strings, and the tab mistakes them for old ones',
    renewal:
      'Sign-ins are told apart by the id of the session, not by token strings: a server may issue the same strings twice (an idempotent login, a switch between accounts).',
  },
  (signal) => {
    it.each([
      ['one entry', {}],
      ['plain entries', { keys: { accessToken: 'token', refreshToken: 'refreshToken' } }],
    ])('follows a sign-out and a sign-in with the same strings (%s)', async (_, layout) => {
      const browser = installBrowser(signal);
      const [one, other] = [browser.open(layout), browser.open(layout)];
      one.session.state$.subscribe();
      for (let round = 0; round < 3; round++) {
        await other.session.signIn(ANN);
        await browser.advance(10);
        expect(one.session.state).toMatchObject({ status: 'active', tokens: ANN });
        expect(one.get()).toEqual(sentWith('T5'));
        await other.session.signOut();
        await browser.advance(10);
        expect(one.session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
      }
    });

    it('follows a switch between two accounts and back', async () => {
      const browser = installBrowser(signal);
      const [one, other] = [browser.open(), browser.open()];
      one.session.state$.subscribe();
      for (const grant of [ANN, BOB, ANN, BOB, ANN]) {
        await other.session.signIn(grant);
        await browser.advance(10);
        expect(one.session.state).toMatchObject({ status: 'active', tokens: grant });
        expect(one.get()).toEqual(sentWith(grant.accessToken));
      }
      expect(new Set(one.sent)).toEqual(new Set(['GET /a T5', 'GET /a T7']));
    });

    it('finds the new sign-in before the next request if no storage event arrives', async () => {
      const browser = installBrowser(signal);
      const [one, other] = [browser.open(), browser.open()];
      browser.losesStorageEvents = true;
      for (const grant of [ANN, BOB, ANN]) {
        await other.session.signIn(grant);
        expect(one.get()).toEqual(sentWith(grant.accessToken));
        await other.session.signOut();
        one.get();
        expect(one.sent.at(-1)).toBe('GET /a -');
      }
    });

    it('ends requests that wait for the first sign-in, despite the same strings', async () => {
      const browser = installBrowser(signal);
      const dead = { accessToken: 'T0', refreshToken: 'R0' };
      const [one, other] = [browser.open({ session: { refresh: () => NEVER } }), browser.open()];
      await other.session.signIn(dead);
      await browser.advance(10);
      const waiting = one.get();
      await browser.advance(10);
      await other.session.signOut();
      await other.session.signIn(dead);
      await browser.advance(10);
      expect(waiting).toMatchObject({ values: [], error: { code: 'signed-out' } });
      expect(one.sent).toEqual(['GET /a T0']);
    });
  },
);
