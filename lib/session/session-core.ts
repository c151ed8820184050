import type { Observable } from 'rxjs';
import type { Authorizer } from './pending/authorized-request';
import type { ApiEvent } from './state/events';
import type { Binding } from './state/session-state';

/** What `bearer` needs of a session besides its public members. */
export interface SessionCore extends Authorizer {
  readonly events$: Observable<ApiEvent>;
  /** Whether `refresh` is being called right now: a request that is subscribed then belongs to it. */
  isInvoking(): boolean;
  /** What a request is bound to that is made now; undefined if there is no session. */
  readonly binding: Binding | undefined;
  /**
   * The same, but for a request that is made before the session is loaded: the returned object gets its binding as soon
   * as it is.
   */
  bind(): { binding?: Binding | undefined };
  /** Never emits. Errors with `SessionExpiredError` or `SignedOutError` once this session is gone. */
  end$(sessionId: string): Observable<never>;
  /**
   * Reads the store if it has changed. When the store has answered, emits what all requests that have waited for it are
   * bound to, and replays that; errors with `SignedOutError` if a session begins or ends here before that. Undefined if
   * there is nothing to wait for.
   */
  checkStore(): Observable<Binding | undefined> | undefined;
}

/** Holds the internals of a session. */
export const CORE = Symbol('renewal.session');

/** Marks the sessions of every copy of this package. Their internals may differ. */
export const BRAND = Symbol.for('renewal.session');

/** The internals of a session that `createSession` has made. */
export const coreOf = (session: object): SessionCore => {
  const { [CORE]: core, [BRAND]: isForeign } = Object(session) as { [CORE]?: SessionCore; [BRAND]?: true };
  if (core) return core;
  throw new TypeError(
    isForeign
      ? 'session: made by another copy of renewal; use bearer(session, { allowedOrigins }) of that copy as an interceptor'
      : 'session: expected one that createSession has made',
  );
};
