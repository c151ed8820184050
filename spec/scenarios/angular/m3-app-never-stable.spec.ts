import 'zone.js';
import '@angular/compiler';
import { provideHttpClient, withFetch, withInterceptors, withNoXsrfProtection } from '@angular/common/http';
import { ApplicationRef, ChangeDetectionStrategy, Component, NgZone } from '@angular/core';
import { memoryStore, type TokenGrant } from 'renewal';
import {
  httpClientTransport,
  injectApi,
  injectSession,
  provideApi,
  SESSION,
  sessionInterceptor,
  withSession,
} from 'renewal/angular';
import { filter, firstValueFrom, lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { provide, provideZoned } from '../../angular/support/testbed';
import { createBarrier } from '../../support/barrier';
import { failureMode } from '../../support/failure-mode';
import { type Echo, REFRESH } from '../../support/server';
import { withServer } from '../../support/with-server';

const HOUR_MS = 3_600_000;

failureMode(
  {
    id: 'M3',
    title: 'The app never becomes stable: the timer of the next refresh is always pending',
    renewal:
      'Timers, refreshes and listeners run outside Angular’s zone, even if a sign-in inside it has set them; a request is a pending task until its response, and responses arrive in the zone of the subscription. So hydration (NG0506), service workers and end-to-end tests work.',
    threads: [
      'manfredsteyer/angular-oauth2-oidc#248',
      'manfredsteyer/angular-oauth2-oidc#697',
      'damienbod/angular-auth-oidc-client#961',
      'okta/okta-oidc-js#435',
      'angular/angularfire#1347',
    ],
  },
  (signal) => {
    const server = withServer(signal);

    const createApp = (provideIn: typeof provide) => {
      const issued = server.issue();
      const bed = provideIn(
        provideHttpClient(withFetch(), withNoXsrfProtection(), withInterceptors([sessionInterceptor()])),
        provideApi(
          () => ({ baseUrl: server.origin, transport: httpClientTransport() }),
          withSession((http) => ({
            store: memoryStore({ ...issued, expiresInMs: HOUR_MS }),
            refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
          })),
        ),
      );
      const app = bed.inject(ApplicationRef);
      return {
        bed,
        issued,
        zone: bed.inject(NgZone),
        session: bed.runInInjectionContext(() => injectSession()),
        api: bed.runInInjectionContext(() => injectApi()),
        stable: () => firstValueFrom(app.isStable.pipe(filter(Boolean))),
        isStable: () => firstValueFrom(app.isStable),
      };
    };

    describe.each([
      ['with zone.js', provideZoned],
      ['without zone.js', provide],
    ])('an app %s', (_kind, provideIn) => {
      it('is stable while keepFresh$ waits for the next refresh', async () => {
        const { zone, session, stable } = createApp(provideIn);
        const keeping = zone.run(() => session.keepFresh$().subscribe());
        await stable();
        expect(zone.hasPendingMacrotasks).toBe(false);
        keeping.unsubscribe();
      });

      it('is stable after a sign-in, a refresh and a request have each set the next timer', async () => {
        const { zone, session, api, stable, issued } = createApp(provideIn);
        const keeping = zone.run(() => session.keepFresh$().subscribe());
        await zone.run(() => session.signIn({ ...issued, expiresInMs: HOUR_MS }));
        await stable();
        expect(zone.hasPendingMacrotasks).toBe(false);
        await zone.run(() => lastValueFrom(session.refresh$()));
        await stable();
        expect(zone.hasPendingMacrotasks).toBe(false);
        server.live.clear();
        expect(await zone.run(() => lastValueFrom(api.get$<Echo>('/orders')))).toMatchObject({ by: 'a.access.3' });
        await stable();
        expect(zone.hasPendingMacrotasks).toBe(false);
        keeping.unsubscribe();
      });

      it('is not stable before the response to a request that waits for a refresh', async () => {
        const { zone, api, stable, isStable } = createApp(provideIn);
        server.live.clear();
        const refresh = server.hold(({ path }) => path === REFRESH);
        const answer = zone.run(() => lastValueFrom(api.get$<Echo>('/orders')));
        await refresh.arrived(1);
        expect(await isStable()).toBe(false);
        refresh.open();
        expect(await answer).toMatchObject({ by: 'a.access.2' });
        await stable();
      });
    });

    it('is stable during the first load of a slow store', async () => {
      const store = { load: () => new Promise<null>((resolve) => setTimeout(resolve, 0, null)), save() {}, clear() {} };
      const bed = provideZoned(provideApi({}, withSession({ store, refresh: () => [] })));
      const zone = bed.inject(NgZone);
      const session = zone.run(() => bed.inject(SESSION));
      expect(zone.hasPendingMacrotasks).toBe(false);
      await firstValueFrom(session.state$.pipe(filter(({ status }) => status === 'signed-out')));
    });

    it('shows the response: it arrives in the zone, and the view is checked', async () => {
      const issued = server.issue();
      server.live.clear();
      const bed = provideZoned(
        provideApi(
          { baseUrl: server.origin },
          withSession((http) => ({
            store: memoryStore(issued),
            refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
          })),
        ),
      );
      const api = bed.runInInjectionContext(() => injectApi());
      const answered = createBarrier();
      // Angular 22 checks each view only once it is marked, unless it opts out; Angular 20 does not know that name.
      const changeDetection = ChangeDetectionStrategy.Default;
      const View = Component({ selector: 'x-view', template: '{{ text }}', changeDetection })(
        class {
          text = 'waits';
          constructor() {
            api.get$<Echo>('/orders').subscribe(({ by }) => {
              this.text = by;
              answered.open();
            });
          }
        },
      );
      const fixture = bed.createComponent(View);
      fixture.autoDetectChanges();
      expect(fixture.nativeElement.textContent).toBe('waits');
      await answered.opened;
      expect(fixture.nativeElement.textContent).toBe('a.access.2');
    });
  },
);
