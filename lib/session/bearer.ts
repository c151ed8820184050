import { Observable, switchMap } from 'rxjs';
import { copyOf, serialize } from '../http/body';
import { InvalidRequestError } from '../http/errors';
import { checkOptions } from '../http/options';
import type { HttpRequest, Interceptor } from '../http/request';
import type { HttpEvent } from '../http/response';
import { scopeOf } from '../http/trace';
import { toOrigins } from '../http/url';
import { AuthorizedRequest } from './pending/authorized-request';
import { coreOf, type Session, type SessionCore } from './session';
import type { Binding } from './state/session-state';

/** The options of {@link bearer}. */
export interface BearerOptions {
  /** Where the token may go. @defaultValue where the client that made the request lets it go */
  readonly allowedOrigins?: readonly string[] | undefined;
}

const BINDING = Symbol('renewal.binding');

/** The session that a request belongs to. `binding$` emits it if it is not known before a look into the store is over. */
interface Bound {
  readonly binding$?: Observable<Binding | undefined>;
  readonly binding?: Binding | undefined;
}

type BoundRequest = HttpRequest & { [BINDING]?: (core: SessionCore) => Bound | undefined };

const boundTo = (core: SessionCore): Bound => {
  const binding$ = core.look();
  return binding$ ? { binding$ } : core.bind();
};

/** Binds the request to the session that the store holds now. However long the request is delayed, it is never sent with another session's token. */
export const bindSession = (request: BoundRequest, session: Session): HttpRequest => {
  const core = coreOf(session);
  if (!request.auth) return request;
  const bound = boundTo(core);
  // A function, so that logging a request prints no tokens. It checks the session, because another session's `bearer` may be in the chain.
  request[BINDING] = (other) => (other === core ? bound : undefined);
  return request;
};

/**
 * Puts the session's token on each request, waits if that is known to be dead, and replays a request, once, if the response says that the token has
 * expired. `createApi({ session })` places it next to the transport.
 *
 * Requests with `auth: false`, with an `authorization` header of their own, or to other origins pass as they are.
 * Errors with `TokenRejectedError`, `BodyNotReplayableError`, `RefreshError`, `SessionExpiredError` or `SignedOutError`.
 */
export const bearer = (session: Session, options: BearerOptions = {}): Interceptor => {
  const core = coreOf(session);
  const { allowedOrigins } = checkOptions(options);
  const givenOrigins = allowedOrigins === undefined ? undefined : toOrigins(allowedOrigins);

  return (request, next) => {
    if (!request.auth || core.isInvoking() || 'authorization' in request.headers) return next(request);
    const scope = scopeOf(request);
    const origins = givenOrigins ?? scope.allowedOrigins;
    const origin = scope.originOf(request.url);
    if (!origin) throw new InvalidRequestError('url: expected a url of http or https', { request });
    if (!origins.includes(origin)) {
      if (core.binding) scope.withhold(origin);
      return next(request);
    }

    // Serialised once, and bytes copied, which the caller may change in the meantime: both attempts send the same.
    const bytes = copyOf(request);
    const wire = serialize(bytes ? { ...request, body: bytes } : request);
    const { binding$, binding } = (request as BoundRequest)[BINDING]?.(core) ?? boundTo(core);
    // However late it is subscribed to, and however often.
    const send$ = (bound = core.binding) =>
      new Observable<HttpEvent>((caller) =>
        core.admit(new AuthorizedRequest(core, wire, next, origins, caller, bound)),
      );
    return binding$ ? binding$.pipe(switchMap((found) => send$(found))) : send$(binding);
  };
};
