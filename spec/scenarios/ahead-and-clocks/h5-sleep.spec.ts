import type { HttpRequest, HttpResponse, TokenGrant } from 'renewal';
import { delay, map, NEVER, type Observable, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { installPage, type Page } from '../../support/page';
import { paths } from '../../support/server-client';
import { createVirtualClient, lineOf } from '../../support/virtual';
import { createWallClock } from '../../support/wall-clock';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const NIGHT_MS = 8 * 60 * MINUTE_MS;
const LIFE_MS = 30 * MINUTE_MS;

type VirtualOptions = NonNullable<Parameters<typeof createVirtualClient>[0]>;

/** The events on which a page may find itself awake again. */
const SIGNALS_OF_WAKING: readonly (readonly [string, (page: Page) => void])[] = [
  ['the page becomes visible', (page) => page.show()],
  ['the browser restores the page', (page) => page.restore()],
  ['the network is back', (page) => page.goOnline()],
];

failureMode(
  {
    id: 'H5',
    title: 'Timers stop during a sleep: the machine wakes with a dead token or a timer burst',
    renewal:
      'A timer is only a hint to check the clock. After a sleep the first request waits for one refresh, however many timers were missed.',
    threads: [
      'authts/oidc-client-ts#251',
      'authts/oidc-client-ts#1343',
      'supabase/supabase#6464',
      'keratin/authn-js#25',
    ],
  },
  (signal) => {
    const clock = createWallClock();

    /** A session whose refresh takes a second. */
    const createSleeper = (expiresInMs = LIFE_MS, options: VirtualOptions = {}) => {
      const issuer = createIssuer({ expiresInMs }, (granted) => of(granted).pipe(delay(SECOND_MS)));
      const grant: TokenGrant = { accessToken: 'T1', refreshToken: 'R1', expiresInMs };
      const { refresh } = issuer;
      return { issuer, ...createVirtualClient({ signal, grant, refresh, ...options }) };
    };

    describe.each([
      ['kept fresh', true],
      ['not kept fresh', false],
    ])('a session that is %s', (_, isKeptFresh) => {
      it('lets requests after a sleep wait for one refresh, and sends no dead token', () => {
        const { issuer, session, api, sent } = createSleeper();
        if (isKeptFresh) session.keepFresh$().subscribe();
        clock.set(NIGHT_MS);
        const outcomes = paths(20).map((path) => outcomeOf(api.get$(path)));
        expect(sent).toEqual([]);
        clock.advance(SECOND_MS);
        expect(outcomes).toEqual(Array(20).fill(completedWith({ by: 'T2' })));
        expect(sent).toEqual(paths(20).map((path) => `GET ${path} T2`));
        expect(issuer.presented).toEqual(['R1']);
      });

      it('replays a request that was in flight when the machine fell asleep', () => {
        const wire = new Subject<void>();
        const answer = (request: HttpRequest, made: HttpResponse): Observable<HttpResponse> =>
          lineOf(request).endsWith('T1') ? wire.pipe(map(() => made)) : of(made);
        const { issuer, session, api, sent } = createSleeper(LIFE_MS, { respond: answer });
        if (isKeptFresh) session.keepFresh$().subscribe();
        const outcome = outcomeOf(api.get$('/a'));
        clock.set(NIGHT_MS);
        wire.next();
        clock.advance(SECOND_MS);
        expect(outcome).toEqual(completedWith({ by: 'T2' }));
        expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
        expect(issuer.presented).toEqual(['R1']);
      });
    });

    it('refreshes once for all missed timers, and then on time', () => {
      const { issuer, session } = createSleeper(5 * MINUTE_MS);
      session.keepFresh$().subscribe();
      clock.advance(MINUTE_MS);
      clock.set(NIGHT_MS);
      const wokenAtMs = Date.now();
      clock.advance(12 * MINUTE_MS);
      // At the end of the stopped timer, and then 4 minutes after each response.
      expect(issuer.askedAtMs.map((atMs) => (atMs - wokenAtMs) / SECOND_MS)).toEqual([180, 421, 662]);
      expect(clock.timers).toBe(1);
    });

    it.each(SIGNALS_OF_WAKING)('refreshes in the tick in which %s, if kept fresh', (_, tell) => {
      const page = installPage();
      const { issuer, session, api, sent } = createSleeper();
      session.keepFresh$().subscribe();
      clock.set(NIGHT_MS);
      tell(page);
      expect(issuer.presented).toEqual(['R1']);
      clock.advance(SECOND_MS);
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /a T2']);
      clock.advance(28 * MINUTE_MS);
      expect(issuer.presented).toEqual(['R1']);
      clock.advance(MINUTE_MS);
      expect(issuer.presented).toEqual(['R1', 'R2']);
    });

    it('refreshes once when all of these and requests coincide', () => {
      const page = installPage();
      const { issuer, session, api } = createSleeper();
      session.keepFresh$().subscribe();
      session.keepFresh$().subscribe();
      clock.set(NIGHT_MS);
      const outcomes = SIGNALS_OF_WAKING.map(([, tell]) => {
        tell(page);
        return outcomeOf(api.get$('/a'));
      });
      clock.advance(SECOND_MS);
      expect(outcomes).toEqual(Array(3).fill(completedWith({ by: 'T2' })));
      expect(issuer.presented).toEqual(['R1']);
    });

    it('cancels a refresh in flight at the sleep if its response never comes', () => {
      const { session, api } = createSleeper(LIFE_MS, { refresh: () => NEVER });
      clock.set(LIFE_MS);
      const outcome = outcomeOf(api.get$('/a'));
      clock.advance(10 * SECOND_MS);
      clock.set(NIGHT_MS);
      clock.advance(20 * SECOND_MS);
      expect(outcome).toMatchObject({ values: [], error: { code: 'refresh' } });
      expect(session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'T1', refreshToken: 'R1' } });
    });
  },
);
