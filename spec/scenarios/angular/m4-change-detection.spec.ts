import 'zone.js';
import '@angular/compiler';
import { ApplicationRef, Component, NgZone } from '@angular/core';
import { memoryStore, type SessionState } from 'renewal';
import { injectApi, injectSession, provideApi, sessionState, withSession } from 'renewal/angular';
import { filter, firstValueFrom, lastValueFrom, of, Subject, type Subscription } from 'rxjs';
import { expect, it } from 'vitest';
import { provideZoned } from '../../angular/support/testbed';
import { failureMode } from '../../support/failure-mode';
import { expiredBy, response } from '../../support/virtual';

/** So short that the early refresh starts at once. */
const SHORT_MS = 20;

failureMode(
  {
    id: 'M4',
    title: 'Each timer tick, and each step of a refresh, runs change detection for the app',
    renewal:
      'Timers and refreshes run outside Angular’s zone and cause no check. A response causes one check, a change of the state one in the views that show it.',
    threads: ['microcks/microcks#2166'],
  },
  (signal) => {
    /** An app, and the number of its checks. */
    const createApp = () => {
      const refreshed = new Subject<void>();
      let count = 1;
      const bed = provideZoned(
        provideApi(
          {
            transport: ({ headers }) =>
              of(headers.authorization === 'Bearer T1' ? expiredBy(signal) : response(200, headers.authorization)),
          },
          withSession({
            store: memoryStore({ accessToken: 'T1', expiresInMs: SHORT_MS }),
            refreshAheadMs: SHORT_MS,
            refresh: async () => {
              await Promise.resolve();
              queueMicrotask(() => refreshed.next());
              // The second one lives long.
              return { accessToken: `T${++count}`, expiresInMs: count > 2 ? 3_600_000 : SHORT_MS };
            },
          }),
        ),
      );
      let checks = 0;
      const zone = bed.inject(NgZone);
      zone.onMicrotaskEmpty.subscribe(() => checks++);
      return {
        bed,
        zone,
        refreshed,
        checks: () => checks,
        session: bed.runInInjectionContext(() => injectSession()),
        api: bed.runInInjectionContext(() => injectApi()),
      };
    };

    it('runs no check for timers that fire and refreshes that run', async () => {
      const { zone, session, checks } = createApp();
      let keeping: Subscription | undefined;
      const renewed = new Promise<void>((resolve) => {
        zone.runOutsideAngular(() =>
          session.state$
            .pipe(filter((state) => 'tokens' in state && state.tokens.accessToken === 'T3'))
            .subscribe(() => resolve()),
        );
      });
      zone.run(() => {
        keeping = session
          .keepFresh$()
          .pipe(filter(() => false))
          .subscribe();
      });
      const before = checks();
      await renewed;
      // The subscriber inside the zone has been notified twice, and nothing else.
      expect(checks() - before).toBeLessThanOrEqual(2);
      keeping?.unsubscribe();
    });

    it('runs no check at all without a subscriber inside the zone', async () => {
      const { zone, session, checks } = createApp();
      const before = checks();
      await zone.runOutsideAngular(async () => {
        const keeping = session.keepFresh$().subscribe();
        await firstValueFrom(
          session.state$.pipe(filter((state) => 'tokens' in state && state.tokens.accessToken === 'T3')),
        );
        keeping.unsubscribe();
      });
      expect(checks() - before).toBe(0);
    });

    it('runs one check for the response to a replayed request', async () => {
      const { zone, api, checks } = createApp();
      let before = Number.NaN;
      const bodies: unknown[] = [];
      const answered = new Promise<void>((resolve) => {
        zone.run(() => {
          api.get$('orders').subscribe({ next: (body) => bodies.push(body), complete: resolve });
        });
        before = checks();
      });
      await answered;
      await Promise.resolve();
      expect(bodies).toEqual(['Bearer T2']);
      expect(checks() - before).toBe(1);
    });

    it('checks the app as often for a hundred signals of the state as for one', async () => {
      const { bed, zone, session, checks } = createApp();
      const states = zone.run(() => bed.runInInjectionContext(() => Array.from({ length: 100 }, () => sessionState())));
      const before = checks();
      await zone.runOutsideAngular(() => lastValueFrom(session.refresh$()));
      expect(states.map((state) => state().status)).toEqual(states.map(() => 'active'));
      expect(checks() - before).toBe(0);
    });

    it('checks a view of the state once for each state that it shows', async () => {
      const { bed, session } = createApp();
      const shown: string[] = [];
      const View = Component({ selector: 'x-view', template: '{{ status }}' })(
        class {
          readonly state = sessionState();
          get status(): SessionState['status'] {
            shown.push(this.state().status);
            return this.state().status;
          }
        },
      );
      const fixture = bed.createComponent(View);
      fixture.autoDetectChanges();
      await lastValueFrom(session.refresh$());
      await session.signOut();
      await firstValueFrom(bed.inject(ApplicationRef).isStable.pipe(filter(Boolean)));
      expect(fixture.nativeElement.textContent).toBe('signed-out');
      // In development each check runs twice.
      expect([...new Set(shown)]).toEqual(expect.arrayContaining(['active', 'signed-out']));
      const before = shown.length;
      await session.signOut();
      await Promise.resolve();
      expect(shown).toHaveLength(before);
    });
  },
);
