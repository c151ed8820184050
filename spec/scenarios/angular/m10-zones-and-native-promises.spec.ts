import 'zone.js';
import '@angular/compiler';
import {
  HttpClient,
  type HttpInterceptorFn,
  provideHttpClient,
  withFetch,
  withInterceptors,
  withNoXsrfProtection,
} from '@angular/common/http';
import { NgZone } from '@angular/core';
import { memoryStore, type TokenGrant, type TokenStore } from 'renewal';
import {
  httpClientTransport,
  injectApi,
  injectSession,
  provideApi,
  sessionInterceptor,
  withSession,
} from 'renewal/angular';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { expect, it } from 'vitest';
import { provideZoned } from '../../angular/support/testbed';
import { recordZones as hear } from '../../angular/support/zones';
import { failureMode } from '../../support/failure-mode';
import { type Issued, json, REFRESH } from '../../support/server';
import { withServer } from '../../support/with-server';

/** A store whose lock is a native promise, which zone.js does not see, like that of Web Locks. */
const lockedStore = (issued: Issued): TokenStore => {
  const store = memoryStore(issued);
  return {
    ...store,
    exclusive: <T>(work: Observable<T>) => {
      const locked = async () => {
        await null;
        const all: T[] = [];
        await new Promise<void>((resolve, reject) => {
          work.subscribe({ next: (value) => all.push(value), error: reject, complete: resolve });
        });
        return all;
      };
      return from(locked().then((all) => all[0] as T)); // the result of a refresh is not used
    },
  };
};

failureMode(
  {
    id: 'M10',
    title: 'After a native promise, as of Web Locks, callbacks run outside the zone',
    renewal:
      'After any refresh each subscriber is called in the zone that it subscribed in, and `onSessionExpired` in Angular’s.',
    threads: ['supabase/supabase-js#936', 'supabase/auth-js#989'],
  },
  (signal) => {
    const server = withServer(signal);

    const createApp = (onSessionExpired: () => void = () => {}) => {
      const issued = server.issue();
      server.live.delete(issued.accessToken);
      const seen: boolean[] = [];
      const watch: HttpInterceptorFn = (request, next) => {
        if (request.url.endsWith('/orders')) seen.push(NgZone.isInAngularZone());
        return next(request);
      };
      const bed = provideZoned(
        provideHttpClient(withFetch(), withNoXsrfProtection(), withInterceptors([sessionInterceptor(), watch])),
        provideApi(
          () => ({ baseUrl: server.origin, transport: httpClientTransport() }),
          withSession((http) => ({
            store: lockedStore(issued),
            refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
            onSessionExpired: onSessionExpired,
          })),
        ),
      );
      const zone = bed.inject(NgZone);
      const session = bed.runInInjectionContext(() => injectSession());
      const api = bed.runInInjectionContext(() => injectApi());
      const url = `${server.origin}/orders`;
      const sources = {
        'api.get$': () => api.get$(url),
        HttpClient: () => bed.inject(HttpClient).get(url),
        'refresh$()': () => session.refresh$(),
        'accessToken$()': () => session.accessToken$(),
      };
      return { zone, session, sources, seen };
    };

    it.each(['api.get$', 'HttpClient', 'refresh$()', 'accessToken$()'] as const)(
      'calls each subscriber of %s in the zone of its subscription',
      async (name) => {
        const { zone, session, sources } = createApp();
        // So that each of them waits for a refresh.
        await zone.runOutsideAngular(() => lastValueFrom(sources['api.get$']()));
        server.live.clear();
        const refresh = server.hold(({ path }) => path === REFRESH);
        const leader = hear(sources['api.get$']());
        await refresh.arrived(1);
        const outside = hear(sources[name]());
        const inside = zone.run(() => hear(sources[name]()));
        refresh.open();
        await Promise.all([leader.over, outside.over, inside.over]);
        expect(session.state.status).toBe('active');
        expect(outside.isInside).toEqual([false, false]);
        expect(inside.isInside).toEqual([true, true]);
      },
    );

    it.each(['HttpClient', 'api.get$'] as const)(
      "calls Angular's interceptors in the zone of a request by %s, for each attempt",
      async (name) => {
        const { zone, sources, seen } = createApp();
        await zone.run(() => lastValueFrom(sources[name]()));
        expect(seen).toEqual([true, true]);
        await zone.runOutsideAngular(() => lastValueFrom(sources[name]()));
        expect(seen).toEqual([true, true, false]);
      },
    );

    it("emits states in the zone of each subscription, and the end in Angular's zone", async () => {
      const ended: boolean[] = [];
      const { zone, session, sources } = createApp(() => ended.push(NgZone.isInAngularZone()));
      server.refreshReply = json({ error: 'invalid_grant' }, 400);
      const outside = hear(session.state$);
      const inside = zone.run(() => hear(session.state$));
      const failed = hear(sources.HttpClient());
      await failed.over;
      expect(failed.isInside).toEqual([false]);
      expect(ended).toEqual([true]);
      expect(outside.isInside.length).toBeGreaterThan(2);
      expect(outside.isInside.filter(Boolean)).toEqual([]);
      expect(inside.isInside).toEqual(outside.isInside.map(() => true));
    });
  },
);
