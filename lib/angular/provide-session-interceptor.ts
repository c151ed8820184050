import { HTTP_INTERCEPTORS, type HttpInterceptor } from '@angular/common/http';
import { Injector, inject, type Provider, runInInjectionContext } from '@angular/core';
import type { BearerOptions, Session } from 'renewal';
import type { ApiName } from './provided-api';
import { sessionInterceptor } from './session-interceptor';

/**
 * {@link sessionInterceptor} as a class interceptor: the provider for `HTTP_INTERCEPTORS` that replaces the app's own.
 * An `HttpClientModule` that a lazy `NgModule` imports runs class interceptors only, and finds those of the root. This
 * interceptor runs in the injector that provides it.
 *
 * @param session - See {@link sessionInterceptor}.
 * @param options - See {@link sessionInterceptor}.
 *
 * @example
 * ```ts
 * import { provideHttpClient, withInterceptorsFromDi } from '@angular/common/http';
 * import { provideSessionInterceptor } from 'renewal/angular';
 *
 * const providers = [provideHttpClient(withInterceptorsFromDi()), provideSessionInterceptor()];
 * ```
 */
export const provideSessionInterceptor = (session?: Session | ApiName, options?: BearerOptions): Provider => {
  const intercept = sessionInterceptor(session, options);
  return {
    provide: HTTP_INTERCEPTORS,
    multi: true,
    useFactory: (): HttpInterceptor => {
      const injector = inject(Injector);
      return {
        intercept: (request, next) =>
          runInInjectionContext(injector, () => intercept(request, (sent) => next.handle(sent))),
      };
    },
  };
};
