import { mergeMap, throwError, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'F12',
    title: 'A tab uses the token in its memory, although another tab has refreshed it',
    renewal:
      'Storage events bring the new tokens to every tab at once. If an event is lost, the next request sees the changed entry and leaves with the stored tokens, without a refresh.',
    threads: ['bluesky-social/social-app#2498'],
  },
  (signal) => {
    it('sends requests with the stored token, without a refresh, if an event was lost', async () => {
      const browser = installBrowser(signal);
      const [one, other] = [browser.open(), browser.open()];
      browser.losesStorageEvents = true;
      one.get();
      await browser.advance(500);
      expect(other.session.state).toMatchObject({ tokens: { accessToken: 'T1' } });
      const outcome = other.get();
      await browser.advance(500);
      expect(outcome).toEqual(sentWith('T2'));
      expect(other.sent).toEqual(['GET /a T2']);
      expect(browser.authServer.presented).toEqual(['R1']);
    });

    it("adopts another tab's tokens if its own refresh fails, and fails no request", async () => {
      const browser = installBrowser(signal);
      browser.losesStorageEvents = true;
      const tab = browser.open({
        session: { refresh: () => timer(100).pipe(mergeMap(() => throwError(() => new Error('offline')))) },
      });
      const outcome = tab.get();
      await browser.advance(50);
      browser.storage.setItem('renewal', JSON.stringify({ accessToken: 'T5', refreshToken: 'R5', sessionId: 'first' }));
      await browser.advance(200);
      expect(outcome).toEqual(sentWith('T5'));
    });

    it('never presents a refresh token that another tab replaced during the wait', async () => {
      const browser = installBrowser(signal);
      browser.losesStorageEvents = true;
      const asked: unknown[] = [];
      const tab = browser.open({
        session: {
          refreshRetries: 3,
          refresh: ({ refreshToken }) => {
            asked.push(refreshToken);
            return throwError(() => new Error('offline'));
          },
        },
      });
      const outcome = tab.get();
      await browser.advance(500);
      browser.storage.setItem('renewal', JSON.stringify({ accessToken: 'T5', refreshToken: 'R5', sessionId: 'first' }));
      await browser.advance(5_000);
      expect(outcome).toEqual(sentWith('T5'));
      expect(asked).toEqual(['R1']);
    });

    it('sends requests with the new token at once after a storage event', async () => {
      const browser = installBrowser(signal);
      const [one, other] = [browser.open(), browser.open()];
      other.session.state$.subscribe();
      one.get();
      await browser.advance(500);
      expect(other.get()).toEqual(sentWith('T2'));
      expect(other.sent).toEqual(['GET /a T2']);
    });

    it("ends the cool-down of a failed refresh when another tab's tokens arrive", async () => {
      const browser = installBrowser(signal);
      const cold = browser.open({ session: { refresh: () => throwError(() => new Error('offline')) } });
      cold.get();
      await browser.advance(50);
      expect(cold.session.state.status).toBe('expired');
      browser.open().get();
      await browser.advance(100);
      expect(cold.session.state.status).toBe('active');
      expect(cold.get()).toEqual(sentWith('T2'));
    });
  },
);
