import { map, Observable, switchMap } from 'rxjs';
import { copyMutableBody, serialize } from '../http/body';
import { InvalidRequestError } from '../http/errors';
import { type Carried, internalsOf } from '../http/internals';
import { checkOptions } from '../http/options';
import type { Interceptor } from '../http/request';
import type { HttpEvent } from '../http/response';
import { toOrigins } from '../http/url';
import { AuthorizedRequest } from './pending/authorized-request';
import type { Session } from './session';
import { coreOf, type SessionCore } from './session-core';
import type { Binding } from './state/session-state';

/** The options of {@link bearer}. */
export interface BearerOptions {
  /** The origins that the token may go to. @defaultValue those of the client that made the request */
  readonly allowedOrigins?: readonly string[] | undefined;
}

/** What a request is bound to. `binding$` emits it if it is not known before the store has been read. */
interface Bound {
  readonly binding$?: Observable<Binding | undefined>;
  readonly binding?: Binding | undefined;
}

/**
 * Binds a request of now to the session that the store holds. However long the request is delayed, it is never sent
 * with another session's token.
 *
 * @param carried - Whose token its stream has carried: if it was this session, the request belongs to what that was.
 */
export const bindTo = (core: SessionCore, carried?: Carried): Bound => {
  const binding$ = core.checkStore();
  if (carried?.session !== core) return binding$ ? { binding$ } : core.bind();
  const binding = { sessionId: carried.sessionId };
  return binding$ ? { binding$: binding$.pipe(map(() => binding)) } : { binding };
};

/**
 * Puts the session's token on each request, waits if that is known to be dead, and replays a request, once, if the
 * response says that the token has expired. `createApi({ session })` places it next to the transport.
 *
 * Requests with `auth: false`, with an `authorization` header of their own, or to other origins pass as they are.
 * Errors with `TokenRejectedError`, `BodyNotReplayableError`, `RefreshError`, `SessionExpiredError` or
 * `SignedOutError`.
 */
export const bearer = (session: Session, options: BearerOptions = {}): Interceptor => {
  const core = coreOf(session);
  const { allowedOrigins } = checkOptions(options);
  const givenOrigins = allowedOrigins === undefined ? undefined : toOrigins(allowedOrigins);

  return (request, next) => {
    if (!request.auth || core.isInvoking() || 'authorization' in request.headers) return next(request);
    const internals = internalsOf(request);
    const origins = givenOrigins ?? internals.allowedOrigins;
    const origin = internals.originOf(request.url);
    if (!origin) throw new InvalidRequestError('url: expected a url of http or https', { request });
    if (!origins.includes(origin)) {
      if (core.binding) internals.withhold(origin);
      return next(request);
    }

    // Serialised once, and bytes copied, which the caller may change in the meantime: both attempts send the same.
    const bytes = copyMutableBody(request);
    const wire = serialize(bytes ? { ...request, body: bytes } : request);
    // Another session's client may have made the request. A binding for this session was made by `bindTo`.
    const bound = internals.session === core ? (internals.binding as Bound | undefined) : undefined;
    const { binding$, binding } = bound ?? bindTo(core, internals.carried);
    // However late it is subscribed to, and however often.
    const send$ = (bound = core.binding) =>
      new Observable<HttpEvent>((caller) =>
        core.admit(new AuthorizedRequest(core, wire, next, origins, caller, bound)),
      );
    return binding$ ? binding$.pipe(switchMap((found) => send$(found))) : send$(binding);
  };
};
