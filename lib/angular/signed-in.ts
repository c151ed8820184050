import { inject } from '@angular/core';
import { type CanActivateFn, Router } from '@angular/router';
import { catchError, filter, first, map, of, race } from 'rxjs';
import { type ApiToken, injectSession } from './provided-api';

/**
 * A guard that lets those in who are signed in, and sends others to `redirect`. It waits while the session is being loaded; where that fails, no one is signed in.
 *
 * @param redirect - A url, or what makes one of the url that was asked for.
 * @param token - As of {@link injectApi}.
 * @example
 * ```ts
 * const routes: Routes = [
 *   { path: 'orders', component: OrderPage, canActivate: [signedIn((url) => `/login?from=${encodeURIComponent(url)}`)] },
 * ];
 * ```
 */
export const signedIn =
  (redirect: string | ((url: string) => string), token?: ApiToken): CanActivateFn =>
  (_route, { url }) => {
    const router = inject(Router);
    const session = injectSession(token);
    const loaded$ = session.state$.pipe(filter(({ status }) => status !== 'loading'));
    // Tells of a `restore` that failed, after which the session goes on loading.
    const asked$ = session.accessToken$().pipe(catchError(() => of(null)));
    return race<unknown[]>(loaded$, asked$).pipe(
      first(),
      map(() => {
        if ('tokens' in session.state) return true;
        return router.parseUrl(typeof redirect === 'function' ? redirect(url) : redirect);
      }),
    );
  };
