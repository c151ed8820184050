import { delay, of } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { installPage, type Page } from '../../support/page';
import { createVirtualClient } from '../../support/virtual';
import { createWallClock } from '../../support/wall-clock';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

failureMode(
  {
    id: 'H6',
    title: 'Timers of a hidden tab are throttled, and it returns with a token about to die',
    renewal:
      '`keepFresh$()` checks the clock when the page is shown again, and refreshes a token that is near its expiry, not only one past it.',
    threads: ['authts/oidc-client-ts#954', 'workos/authkit-nextjs#289', 'supabase/auth-js#444'],
  },
  (signal) => {
    const clock = createWallClock();

    /** Kept fresh on a page that is hidden for ten minutes, without timers; then its token has that long to live. */
    const createHidden = (leftMs: number) => {
      const page = installPage();
      const issuer = createIssuer({ expiresInMs: 60 * MINUTE_MS }, (grant) => of(grant).pipe(delay(SECOND_MS)));
      const client = createVirtualClient({
        signal,
        grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 20 * MINUTE_MS + leftMs },
        isDead: () => false,
        refresh: issuer.refresh,
      });
      const seen: string[] = [];
      const kept = client.session.keepFresh$().subscribe(({ accessToken }) => seen.push(accessToken));
      clock.advance(10 * MINUTE_MS);
      page.hide();
      clock.set(10 * MINUTE_MS);
      return { page, issuer, seen, kept, ...client };
    };

    it.each([
      ['half a minute', 30 * SECOND_MS],
      ['a minute', MINUTE_MS],
    ])('refreshes a token with %s to live in the tick in which the page is shown', (_, leftMs) => {
      const { page, issuer, seen, api, sent } = createHidden(leftMs);
      expect(issuer.presented).toEqual([]);
      page.show();
      expect(issuer.presented).toEqual(['R1']);
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T1' }));
      clock.advance(SECOND_MS);
      expect(seen).toEqual(['T2']);
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
    });

    it('refreshes a token that died in the background, and lets requests wait', () => {
      const { page, issuer, api, sent } = createHidden(-SECOND_MS);
      page.show();
      const outcome = outcomeOf(api.get$('/a'));
      expect([outcome.values, sent]).toEqual([[], []]);
      clock.advance(SECOND_MS);
      expect(outcome).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /a T2']);
      expect(issuer.presented).toEqual(['R1']);
    });

    it('refreshes a token with more than a minute to live only at that minute', () => {
      const { page, issuer } = createHidden(MINUTE_MS + 1);
      page.show();
      expect(issuer.presented).toEqual([]);
      expect(clock.timers).toBe(1);
      clock.advance(1);
      expect(issuer.presented).toEqual(['R1']);
    });

    it('checks when the page is shown, not when it is hidden', () => {
      const { page, issuer } = createHidden(30 * SECOND_MS);
      page.hide();
      expect(issuer.presented).toEqual([]);
    });

    it('refreshes once, however often the page is hidden and shown', () => {
      const { page, issuer } = createHidden(30 * SECOND_MS);
      const flicker: readonly ((page: Page) => void)[] = [(it) => it.show(), (it) => it.restore(), (it) => it.hide()];
      for (const turn of [...flicker, ...flicker]) turn(page);
      clock.advance(SECOND_MS);
      for (const turn of flicker) turn(page);
      clock.advance(50 * MINUTE_MS);
      expect(issuer.presented).toEqual(['R1']);
    });

    it('does not check without a subscriber', () => {
      const { page, kept, issuer } = createHidden(30 * SECOND_MS);
      kept.unsubscribe();
      page.show();
      expect(issuer.presented).toEqual([]);
      expect([page.listeners, clock.timers]).toEqual([0, 0]);
    });
  },
);
