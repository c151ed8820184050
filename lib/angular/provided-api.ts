import { InjectionToken, inject } from '@angular/core';
import type { Api, Session } from 'renewal';

/** What `provideApi` puts into an injector. */
export interface ProvidedApi {
  readonly api: Api;
  /** None where `provideApi` was given none. */
  readonly session: Session | undefined;
  /** Where the session's token may go; `undefined` where that is the origin of the page. */
  readonly allowedOrigins: readonly string[] | undefined;
}

/**
 * Names one of several apis: an injection token of your own, handed to `withName`.
 *
 * @example
 * ```ts
 * const BILLING: ApiName = new InjectionToken('billing');
 * ```
 */
export type ApiName = InjectionToken<ProvidedApi>;

/** The api that has no other name. */
export const PROVIDED_API: ApiName = new InjectionToken('renewal: provideApi()');

/** The client that {@link provideApi} makes. */
export const API: InjectionToken<Api> = new InjectionToken('API of provideApi()');

/** The session of {@link API}. Injecting it fails where there is none. */
export const SESSION: InjectionToken<Session> = new InjectionToken('SESSION of provideApi()');

/** The session of what was provided. Throws an `Error` where there is none. */
export const requireSession = ({ session }: Partial<ProvidedApi>): Session => {
  if (session) return session;
  throw new Error('no session: add withSession()');
};

/** The client of {@link provideApi}, in an injection context. @param name - Which one. @defaultValue the one without `withName` */
export const injectApi = (name: ApiName = PROVIDED_API): Api => inject(name).api;

/** The session of {@link provideApi}, in an injection context. Throws an `Error` where it was given none. @param name - As of {@link injectApi}. */
export const injectSession = (name: ApiName = PROVIDED_API): Session => requireSession(inject(name));
