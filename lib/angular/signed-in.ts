import { inject } from '@angular/core';
import { Router, type UrlTree } from '@angular/router';
import { catchError, defaultIfEmpty, EMPTY, map, type Observable } from 'rxjs';
import { type ApiName, injectSession } from './provided-api';

/**
 * A guard for `canActivate`, `canActivateChild` and `canMatch`. It admits a signed-in user, and redirects any other to
 * `redirect`. It waits while the session is loading; if that fails, the user counts as not signed in.
 *
 * @param redirect - A url, or a function that returns it for the requested url.
 * @param name - See {@link injectApi}.
 * @example
 * ```ts
 * const routes: Routes = [
 *   {
 *     path: 'orders',
 *     component: OrderPage,
 *     canActivate: [signedIn((url) => `/login?from=${encodeURIComponent(url)}`)],
 *   },
 * ];
 * ```
 */
export const signedIn =
  (redirect: string | ((url: string) => string), name?: ApiName): (() => Observable<true | UrlTree>) =>
  () => {
    const router = inject(Router);
    const url = `${router.currentNavigation()?.extractedUrl}`;
    const session = injectSession(name);
    // Reads the store: old code of the app may have written to it before this navigation.
    session.state$.subscribe().unsubscribe();
    // A failed `restore` leaves the session loading.
    const loaded$ = session.state.status === 'loading' ? session.accessToken$().pipe(catchError(() => EMPTY)) : EMPTY;
    return loaded$.pipe(
      defaultIfEmpty(null),
      map(() => {
        if ('tokens' in session.state) return true;
        return router.parseUrl(typeof redirect === 'function' ? redirect(url) : redirect);
      }),
    );
  };
