import { memoryStore, type TokenStore } from 'renewal';
import { delay, mergeMap, NEVER, of, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient, virtually } from '../../support/virtual';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

const TIMEOUT_MS = 500;

/** A store that grants its lock that many milliseconds late. */
const lateStore = (lateMs: number): TokenStore => ({
  ...memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
  exclusive: (work) => timer(lateMs).pipe(mergeMap(() => work)),
});

failureMode(
  {
    id: 'F26',
    title: 'The wait for another tab counts as refresh time: a sent refresh is cancelled',
    renewal:
      '`refreshTimeoutMs` counts from the call of `refresh`. A lock that is not granted within that time is a transient failure, and then nothing was sent.',
  },
  (signal) => {
    it.each([0, 499])('gives a refresh its whole time when the lock is granted after %d ms', (lateMs) => {
      virtually(({ expectObservable, flush }) => {
        const issuer = createIssuer({}, (grant) => of(grant).pipe(delay(400)));
        const { api, session } = createVirtualClient({
          signal,
          store: lateStore(lateMs),
          refresh: issuer.refresh,
          refreshTimeoutMs: TIMEOUT_MS,
        });
        expectObservable(api.get$('/a')).toBe(`${lateMs + 400}ms (v|)`, { v: { by: 'T2' } });
        flush();
        expect(issuer.presented).toEqual(['R1']);
        expect(session.state).toMatchObject({ status: 'active', tokens: { refreshToken: 'R2' } });
      });
    });

    it('cancels a hanging refresh refreshTimeoutMs after its call', () => {
      virtually(({ expectObservable }) => {
        const { api } = createVirtualClient({
          signal,
          store: lateStore(300),
          refresh: () => NEVER,
          refreshTimeoutMs: TIMEOUT_MS,
        });
        const failed = expect.objectContaining({ code: 'refresh' });
        expectObservable(api.get$('/a')).toBe('800ms #', undefined, failed);
      });
    });

    it('sends nothing when the lock is granted too late, and keeps the session', () => {
      virtually(({ expectObservable, flush }) => {
        const issuer = createIssuer();
        const { api, session } = createVirtualClient({
          signal,
          store: lateStore(600),
          refresh: issuer.refresh,
          refreshTimeoutMs: TIMEOUT_MS,
        });
        const failed = expect.objectContaining({ code: 'refresh' });
        expectObservable(api.get$('/a')).toBe('500ms #', undefined, failed);
        flush();
        expect(issuer.presented).toEqual([]);
        expect(session.state).toMatchObject({ status: 'expired', tokens: { refreshToken: 'R1' } });
      });
    });

    it('keeps the session when the previous tab hangs until its deadline', async () => {
      const browser = installBrowser(signal);
      browser.authServer.responseMs = 100;
      const hanging = browser.open({ session: { refresh: () => NEVER, refreshTimeoutMs: TIMEOUT_MS } });
      const next = browser.open({ session: { refreshTimeoutMs: TIMEOUT_MS } });
      const outcomes = [hanging.get()];
      await browser.advance(1);
      outcomes.push(next.get());
      await browser.advance(2_000);
      expect(outcomes).toMatchObject([{ error: { code: 'refresh' } }, sentWith('T2')]);
      expect(browser.authServer.presented).toEqual(['R1']);
      for (const { session } of [hanging, next])
        expect(session.state).toMatchObject({ status: 'active', tokens: { refreshToken: 'R2' } });
    });
  },
);
