import { isObservable, type Observable, of, switchMap } from 'rxjs';
import { copyOf, isOneShot, serialize } from '../http/body';
import { decoded } from '../http/decode';
import { BodyNotReplayableError, InvalidRequestError, TokenRejectedError } from '../http/errors';
import type { Interceptor } from '../http/request';
import type { HttpEvent, HttpResponse } from '../http/response';
import { SCOPE } from '../http/trace';
import { originOf, toOrigins } from '../http/url';
import { coreOf, type Session } from './session';
import type { Held } from './state';

/** The options of {@link bearer}. */
export interface BearerOptions {
  /** Where the token may go. @defaultValue where the client that made the request lets it go */
  readonly allowedOrigins?: readonly string[];
}

/**
 * Puts the session's token on each request, waits where that is known to be dead, and sends a request again, once, when the
 * answer says that the token has expired. `createApi({ session })` places it next to the transport.
 *
 * Requests with `auth: false`, with an `authorization` header of their own, or to other origins pass as they are.
 * Errors with `TokenRejectedError`, `BodyNotReplayableError`, `RefreshError`, `SessionExpiredError` or `SignedOutError`.
 */
export const bearer = (session: Session, { allowedOrigins }: BearerOptions = {}): Interceptor => {
  const core = coreOf(session);
  const ownOrigins = allowedOrigins && toOrigins(allowedOrigins);

  return (request, next) => {
    if (!request.auth || core.isCalling() || 'authorization' in request.headers) return next(request);
    const scope = request.context.get(SCOPE);
    const origins: readonly (string | undefined)[] = ownOrigins ?? scope.allowedOrigins;
    const origin = originOf(request.url);
    if (!origin) throw new InvalidRequestError('url: not a url of http or https', { request });
    if (!origins.includes(origin)) return next(request);

    // Most answers come from where the request went, which has been checked.
    const isFromHere = (url: string): boolean => !url || url === request.url || origins.includes(originOf(url));

    // Serialised once, and bytes copied, which the caller may change meanwhile: both attempts send the same.
    const bytes = copyOf(request.body);
    const wire = serialize(bytes ? { ...request, body: bytes } : request);

    const rejected = (response: HttpResponse): Error =>
      new TokenRejectedError('a fresh token was refused as well', { request, response });

    /** Leaves with what the session has, or waits for it. */
    const leave = (then: (held: Held | null) => Observable<HttpEvent>, old?: Held): Observable<HttpEvent> => {
      const held = core.ready(old);
      if (held !== undefined) return then(held);
      scope.trace('held');
      return core.wait$(old).pipe(switchMap(then));
    };

    /** Sends one attempt; an answer that says expired goes to `otherwise`. */
    const send = (held: Held | null, otherwise: (held: Held, response: HttpResponse) => Observable<HttpEvent>) =>
      held
        ? next(core.authorize(wire, held.tokens)).pipe(
            switchMap((event) => {
              if (event.type !== 'response' || !isFromHere(event.url)) return of(event);
              const judge = (shown: HttpResponse): Observable<HttpEvent> => {
                if (!core.isExpired(shown, request)) return of(event);
                scope.trace('expired', { generation: held.generation });
                return otherwise(held, event);
              };
              const shown = request.responseType === 'json' ? event : decoded(event);
              return isObservable(shown) ? shown.pipe(switchMap(judge)) : judge(shown);
            }),
          )
        : next(wire);

    const sendAgain = (held: Held | null): Observable<HttpEvent> => {
      if (isOneShot(wire.body)) throw new BodyNotReplayableError('its body can be sent only once', { request });
      return send(held, ({ generation }, response) => {
        core.rejections.add(request, generation);
        throw rejected(response);
      });
    };

    return leave((first) =>
      send(first, (held, response) => {
        if (core.rejections.has(request, held.generation)) throw rejected(response);
        core.reject(held);
        return leave(sendAgain, held);
      }),
    );
  };
};
