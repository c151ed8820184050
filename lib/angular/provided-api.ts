import { InjectionToken, inject } from '@angular/core';
import type { Api, Session } from 'renewal';

/** The value that `provideApi` puts into an injector. */
export interface ProvidedApi {
  readonly api: Api;
  /** `undefined` if `provideApi` got none. */
  readonly session: Session | undefined;
  /** The origins that may get the token; `undefined` for that of the page. */
  readonly allowedOrigins: readonly string[] | undefined;
}

/**
 * Names one of several apis: an injection token of the app, passed to `withName`.
 *
 * @example
 * ```ts
 * const BILLING: ApiName = new InjectionToken('billing');
 * ```
 */
export type ApiName = InjectionToken<ProvidedApi>;

/** The name of the api without `withName`. */
export const PROVIDED_API: ApiName = new InjectionToken('renewal: provideApi()');

/** The client of {@link provideApi}. */
export const API: InjectionToken<Api> = new InjectionToken('API of provideApi()');

/** The session of {@link API}. Injecting it throws an `Error` if there is none. */
export const SESSION: InjectionToken<Session> = new InjectionToken('SESSION of provideApi()');

/** The provided session. Throws an `Error` if there is none. */
export const requireSession = ({ session }: Partial<ProvidedApi>): Session => {
  if (session) return session;
  throw new Error('no session: add withSession()');
};

/**
 * The client of {@link provideApi}, in an injection context.
 *
 * @param name - The name of the api. @defaultValue the api without `withName`
 */
export const injectApi = (name: ApiName = PROVIDED_API): Api => inject(name).api;

/**
 * The session of {@link provideApi}, in an injection context. Throws an `Error` if there is none.
 *
 * @param name - See {@link injectApi}.
 */
export const injectSession = (name: ApiName = PROVIDED_API): Session => requireSession(inject(name));
