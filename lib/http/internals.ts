import { identity } from 'rxjs';
import type { NewestResponse } from './json-text';
import type { HttpRequest } from './request';
import { noTrace, type Trace } from './trace';
import { originOf } from './url';

/** A session, with its id at the time. */
export interface Carried {
  readonly session: object;
  readonly sessionId: string;
}

/**
 * All that this package keeps on a request beside its public members, for each step between the caller and the
 * transport.
 */
export interface RequestInternals {
  /** The origins that the token may go to. */
  readonly allowedOrigins: readonly (string | undefined)[];
  readonly trace: Trace;
  /** Closed once the caller has unsubscribed. */
  readonly caller: { readonly closed: boolean };
  /** The origin of a url. The url that the request was made with is not parsed again. */
  readonly originOf: (url: string) => string | undefined;
  /** Reports that the token does not go to this origin. */
  readonly withhold: (origin: string) => void;
  /** The newest response to the request. */
  readonly newest: NewestResponse;
  /** Rewrites the request before each of its attempts. */
  readonly perAttempt: (request: HttpRequest) => HttpRequest;
  /** The session that the request was made for, and what that session alone reads: what the request is bound to. */
  readonly session?: object | undefined;
  readonly binding?: object | undefined;
  /** Called with the session whose token an attempt is about to carry. */
  readonly onToken?: ((carried: Carried) => void) | undefined;
  /** The session whose token the stream has carried first: its later requests belong to it. */
  readonly carried?: Carried | undefined;
}

const INTERNALS = Symbol('renewal.internals');

type InternalRequest = HttpRequest & { [INTERNALS]?: () => RequestInternals };

/**
 * Sets the internals of a request in place; copies that interceptors make keep them. Stored as a function: a logger
 * that walks the request would otherwise reach the session's tokens, and the caller with all its subscribers.
 */
export const setInternals = (request: InternalRequest, internals: RequestInternals): void => {
  request[INTERNALS] = () => internals;
};

/** The token of a request that no client has made may go nowhere. */
const withoutClient = (): RequestInternals => ({
  allowedOrigins: [],
  trace: noTrace,
  caller: { closed: false },
  originOf,
  withhold: () => {},
  newest: {},
  perAttempt: identity,
});

export const internalsOf = (request: InternalRequest): RequestInternals => request[INTERNALS]?.() ?? withoutClient();
