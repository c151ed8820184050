import { inject } from '@angular/core';
import { Router, type UrlTree } from '@angular/router';
import { catchError, defaultIfEmpty, EMPTY, map, type Observable } from 'rxjs';
import { type ApiName, injectSession } from './provided-api';

/**
 * A guard for `canActivate`, `canActivateChild` and `canMatch`, that lets those in who are signed in, and sends others to `redirect`. It waits while the session is being
 * loaded; where that fails, no one is signed in.
 *
 * @param redirect - A url, or what makes one of the url that was asked for.
 * @param name - As of {@link injectApi}.
 * @example
 * ```ts
 * const routes: Routes = [
 *   { path: 'orders', component: OrderPage, canActivate: [signedIn((url) => `/login?from=${encodeURIComponent(url)}`)] },
 * ];
 * ```
 */
export const signedIn =
  (redirect: string | ((url: string) => string), name?: ApiName): (() => Observable<true | UrlTree>) =>
  () => {
    const router = inject(Router);
    const url = `${router.currentNavigation()?.extractedUrl}`;
    const session = injectSession(name);
    // Looks into the store: old code of the app may have written to it on the way here.
    session.state$.subscribe().unsubscribe();
    // A `restore` that failed leaves the session loading.
    const loaded$ = session.state.status === 'loading' ? session.accessToken$().pipe(catchError(() => EMPTY)) : EMPTY;
    return loaded$.pipe(
      defaultIfEmpty(null),
      map(() => {
        if ('tokens' in session.state) return true;
        return router.parseUrl(typeof redirect === 'function' ? redirect(url) : redirect);
      }),
    );
  };
