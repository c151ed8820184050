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
 * Names one of several apis: a token of your own, handed to `withToken`.
 *
 * @example
 * ```ts
 * const BILLING: ApiToken = new InjectionToken('billing');
 * ```
 */
export type ApiToken = InjectionToken<ProvidedApi>;

/** The api that has no other name. */
export const PROVIDED_API: ApiToken = new InjectionToken('renewal: provideApi()');

/** The client that {@link provideApi} makes. */
export const API: InjectionToken<Api> = new InjectionToken('API of provideApi()');

/** The session of {@link API}. Injecting it fails where there is none. */
export const SESSION: InjectionToken<Session> = new InjectionToken('SESSION of provideApi()');

/** The session of what was provided. Throws an `Error` where there is none. */
export const sessionOf = ({ session }: Partial<ProvidedApi>): Session => {
  if (session) return session;
  throw new Error('no session: add withSession()');
};

/** The client of {@link provideApi}, in an injection context. @param token - Which one. @defaultValue the one without `withToken` */
export const injectApi = (token: ApiToken = PROVIDED_API): Api => inject(token).api;

/** The session of {@link provideApi}, in an injection context. Throws an `Error` where it was given none. @param token - As of {@link injectApi}. */
export const injectSession = (token: ApiToken = PROVIDED_API): Session => sessionOf(inject(token));
