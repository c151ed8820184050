import { noop, type ObservableInput } from 'rxjs';
import type { SessionExpiredError } from '../http/errors';
import {
  check,
  checkCount,
  checkFunction,
  checkMs,
  checkOptions,
  type Defined,
  hasMethod,
  omitUndefined,
} from '../http/options';
import type { HttpRequest } from '../http/request';
import { type ExpiryPredicate, isExpiredByDefault, type RefusalPredicate } from './refresh/expiry';
import { isRefusal } from './refresh/refusal';
import type { TokenGrant } from './state/grants';
import type { Tokens } from './state/session-state';
import { createDefaultStore, type TokenStore } from './store/token-store';

/** The options of `createSession`. */
export interface SessionOptions {
  /**
   * Asks the server for new tokens; the first value that it emits counts. Called inside `exclusive` of the store, once
   * for all sessions that share it. A request that it makes through an `Api` of this same session leaves without a
   * token: give it an `Api` without a session.
   */
  refresh: (tokens: Tokens) => ObservableInput<TokenGrant>;
  /** Where the tokens are kept. @defaultValue memory */
  store?: TokenStore | undefined;
  /**
   * Asks the server for tokens if the store is empty: for a refresh token in an HttpOnly cookie. Called when a request
   * or a subscriber first needs the session, and after a sign-in in another tab (`memoryStore` with a name). If it is
   * refused, the session is signed out, with reason `'none'` when the page opens. After another failure, the first
   * request after the cool-down calls it again.
   * @defaultValue none
   */
  restore?: (() => ObservableInput<TokenGrant>) | undefined;
  /**
   * Whether a response says that the access token has expired. Asked about every complete response to a request that
   * carried a token, whatever its status. If JSON was requested and the body is not JSON (a login page after a
   * redirect), `response.body` is its text; a download of at most 64 kB that begins like JSON is shown parsed.
   * @defaultValue `anyOf(bodyCode(1002), statusCode(401))`, but not a 401 whose `www-authenticate` says
   *   `use_dpop_nonce` (RFC 9449), `insufficient_user_authentication` (RFC 9470) or `insufficient_scope` (RFC 6750):
   *   such a response is the caller's
   */
  isExpired?: ExpiryPredicate | undefined;
  /**
   * Whether an error of `refresh` or `restore` is final, and so ends the session; it decides alone. `isExpired` is the
   * one above, for the response of that refresh. A value that is no grant has been shown to `isExpired` before; what it
   * matches is a `SessionExpiredError`.
   * @defaultValue {@link isRefusal}; with codes of your own: `anyOf(isRefusal, businessCode(1003))`
   */
  isRefused?: RefusalPredicate | undefined;
  /**
   * Puts the token on a request: called for each attempt. What it returns is sent in the same tick; the first value of
   * an observable or a promise (a signature, a DPoP proof, RFC 9449) later, unless the tokens were replaced or rejected
   * by then: it is called again with the new ones. An error belongs to the request.
   * @defaultValue `Authorization: Bearer …` (RFC 6750 section 2.1)
   */
  authorize?: ((request: HttpRequest, tokens: Tokens) => HttpRequest | ObservableInput<HttpRequest>) | undefined;
  /**
   * How long one refresh may take, from calling `refresh` to its end, retries included, in milliseconds; 0 and
   * `Infinity`: no limit. The wait for `exclusive` of the store has a limit of the same length: after it the failure
   * is transient, and `refresh` was not called.
   * @defaultValue 30 000
   */
  refreshTimeoutMs?: number | undefined;
  /**
   * How often a refresh is retried after a transient failure, after `Retry-After` or after 1 s, 2 s, 4 s … 30 s, before
   * the waiting requests fail. If the server rotates refresh tokens and its response was lost, the retry presents a
   * spent token.
   * @defaultValue 0
   */
  refreshRetries?: number | undefined;
  /**
   * How long before its expiry a token is renewed while requests still leave with it, in milliseconds; never more than
   * half of what was left when the token was first seen. 0: only once it has expired.
   * @defaultValue 60 000
   */
  refreshAheadMs?: number | undefined;
  /**
   * How many of the requests that waited for a refresh are sent at once after it. The other requests are sent as these
   * get their responses, so set a `timeoutMs` on requests.
   * @defaultValue Infinity
   */
  releaseConcurrency?: number | undefined;
  /**
   * Called once for each session that ends because its refresh was refused, in the page that refreshed. Other tabs are
   * signed out: `state$` emits in all of them.
   * @defaultValue nothing is called
   */
  onSessionExpired?: ((error: SessionExpiredError) => void) | undefined;
  /**
   * Called after `signOut()` of this session, with the last tokens: to revoke them (RFC 7009). `signOut()` does not
   * wait for it, and nothing cancels it. An error, or a value of another type, is a warning on `events$`. A request
   * that it makes through an `Api` of this same session leaves without a token.
   *
   * Not called if nobody is signed in or the store has not answered yet, nor for the end of a session by other means: a
   * refusal, a sign-out in another tab, a sign-in over it, `destroy()`.
   * @defaultValue nothing is called
   */
  onSignOut?: ((tokens: Tokens) => ObservableInput<unknown>) | undefined;
}

/** The options of a session with nothing left out. */
export type SessionSettings = Required<Defined<Omit<SessionOptions, 'restore' | 'onSignOut'>>> & {
  readonly restore?: NonNullable<SessionOptions['restore']>;
  readonly onSignOut?: NonNullable<SessionOptions['onSignOut']>;
};

/**
 * Whether it can be called as a store; a member that throws when it is read makes a store that fails, and no wrong
 * option.
 */
const isStore = (store: unknown): boolean =>
  ['load', 'save', 'clear'].every((name) => {
    try {
      return hasMethod(store, name);
    } catch {
      return true;
    }
  });

const withBearer = (request: HttpRequest, { accessToken }: Tokens): HttpRequest => ({
  ...request,
  headers: { ...request.headers, authorization: `Bearer ${accessToken}` },
});

/** Fills in the defaults; throws a `TypeError` that names the option which is wrong. */
export const withDefaults = (options: SessionOptions): SessionSettings => {
  // Plain JavaScript may give none.
  const { refresh = null as never, ...others } = omitUndefined(checkOptions(options ?? {}));
  return checkOptions(
    {
      store: createDefaultStore(),
      isExpired: isExpiredByDefault,
      isRefused: isRefusal,
      authorize: withBearer,
      refreshTimeoutMs: 30_000,
      refreshAheadMs: 60_000,
      refreshRetries: 0,
      releaseConcurrency: Infinity,
      onSessionExpired: noop,
      refresh,
      ...others,
    },
    {
      refresh: checkFunction,
      store: (name, store) => check(isStore(store), name, 'an object with load, save and clear'),
      restore: checkFunction,
      isExpired: checkFunction,
      isRefused: checkFunction,
      authorize: checkFunction,
      onSessionExpired: checkFunction,
      onSignOut: checkFunction,
      refreshTimeoutMs: checkMs,
      refreshAheadMs: checkMs,
      refreshRetries: checkCount(0),
      releaseConcurrency: checkCount(1),
    },
  );
};
