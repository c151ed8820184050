import '@angular/compiler';
import { Component } from '@angular/core';
import { provideRouter, Router } from '@angular/router';
import { memoryStore, type SessionOptions, type TokenGrant, webStorageStore } from 'renewal';
import { provideApi, SESSION, signedIn, withSession } from 'renewal/angular';
import { of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createBarrier } from '../support/barrier';
import { createStorage } from '../support/http-storage';
import { provide } from './support/testbed';

const Page = Component({ selector: 'x-page', template: '' })(class {});

const refresh = () => of({ accessToken: 'T2' });

const createRouter = (options: Partial<SessionOptions>, redirect: Parameters<typeof signedIn>[0] = '/login') => {
  const bed = provide(
    provideApi({}, withSession({ refresh, ...options })),
    provideRouter([
      { path: 'login', component: Page },
      { path: 'orders', component: Page, canActivate: [signedIn(redirect)] },
      { path: 'bills', component: Page, canMatch: [signedIn(redirect)] },
      { path: 'account', canActivateChild: [signedIn(redirect)], children: [{ path: 'card', component: Page }] },
    ]),
  );
  return { router: bed.inject(Router), session: bed.inject(SESSION) };
};

describe('signedIn', () => {
  it('admits a signed-in user', async () => {
    const { router } = createRouter({ store: memoryStore({ accessToken: 'T1' }) });
    await router.navigateByUrl('/orders?page=2');
    expect(router.url).toBe('/orders?page=2');
  });

  it('admits a user with an expired token, which requests will refresh', async () => {
    let requested = 0;
    const { router } = createRouter({
      store: memoryStore({ accessToken: 'T1', expiresInMs: 1 }),
      refresh: () => {
        requested++;
        return throwError(() => new Error('busy'));
      },
    });
    await router.navigateByUrl('/orders');
    expect([router.url, requested]).toEqual(['/orders', 0]);
  });

  it('admits a user that other code signed in by the storage entries', async () => {
    const storage = createStorage();
    const keys = { accessToken: 'token', refreshToken: 'refreshToken' };
    const { router } = createRouter({ store: webStorageStore({ storage: () => storage, keys }) });
    await router.navigateByUrl('/orders');
    expect(router.url).toBe('/login');
    storage.setItem('token', 'T1');
    await router.navigateByUrl('/orders');
    expect(router.url).toBe('/orders');
  });

  it('redirects a signed-out user', async () => {
    const { router } = createRouter({});
    await router.navigateByUrl('/orders');
    expect(router.url).toBe('/login');
  });

  it.each([
    ['canActivate', '/orders?page=2'],
    ['canMatch', '/bills?page=2#last'],
    ['canActivateChild', '/account/card'],
  ])('passes the requested url, as %s', async (_kind, url) => {
    const { router } = createRouter({}, (from) => `/login?from=${encodeURIComponent(from)}`);
    await router.navigateByUrl(url);
    expect(router.parseUrl(router.url).queryParams).toEqual({ from: url });
  });

  it('redirects every user once the session is destroyed', async () => {
    const { router, session } = createRouter({ store: memoryStore({ accessToken: 'T1' }) });
    session.destroy();
    await router.navigateByUrl('/orders');
    expect(router.url).toBe('/login');
  });

  it('waits while the session is loading', async () => {
    const restored = new Subject<TokenGrant>();
    const asked = createBarrier();
    const { router } = createRouter({
      restore: () => {
        asked.open();
        return restored;
      },
    });
    const navigation = router.navigateByUrl('/orders');
    await asked.opened;
    expect(router.url).toBe('/');
    restored.next({ accessToken: 'T1' });
    await navigation;
    expect(router.url).toBe('/orders');
  });

  it('redirects if the session could not be loaded', async () => {
    const { router } = createRouter({ restore: () => throwError(() => new Error('no network')) });
    await router.navigateByUrl('/orders');
    expect(router.url).toBe('/login');
  });

  it('completes with the session', async () => {
    const { router, session } = createRouter({ store: memoryStore({ accessToken: 'T1' }) });
    await router.navigateByUrl('/orders');
    await session.signOut();
    await router.navigateByUrl('/login');
    await router.navigateByUrl('/orders');
    expect(router.url).toBe('/login');
  });
});
