import { isObservable, map, Observable, of, type Subscriber, switchMap } from 'rxjs';
import { copyOf, isOneShot, serialize } from '../http/body';
import { decoded } from '../http/decode';
import { BodyNotReplayableError, InvalidRequestError, TokenRejectedError } from '../http/errors';
import type { HttpHandler, HttpRequest, Interceptor } from '../http/request';
import type { HttpEvent, HttpResponse } from '../http/response';
import { scopeOf } from '../http/trace';
import { originOf, toOrigins } from '../http/url';
import { coreOf, type Session, type SessionCore } from './session';
import type { Held } from './state';
import type { Waiter } from './waiting-room';

/** The options of {@link bearer}. */
export interface BearerOptions {
  /** Where the token may go. @defaultValue where the client that made the request lets it go */
  readonly allowedOrigins?: readonly string[];
}

const SINCE = Symbol('renewal.since');

/** Says whose request this is: whatever holds it up on its way, it is sent for no other session than the one that there is now. */
export const claim = (request: HttpRequest, session: Session): HttpRequest => {
  const since = coreOf(session).since();
  // A function, as interceptors and errors show requests, and there are tokens in it.
  return since ? Object.assign(request, { [SINCE]: () => since }) : request;
};

const sinceOf = (request: HttpRequest & { readonly [SINCE]?: () => Held }): Held | undefined => request[SINCE]?.();

/** Ends an attempt whose answer says that its token is dead. */
class Refused {
  constructor(readonly response: HttpResponse) {}
}

/**
 * One request of a session: it leaves with live tokens, and where its answer says that they are dead, once more with the next ones. A class, as
 * a hundred thousand may wait at once: what they share is in its prototype, and not in closures of each.
 */
class Errand implements Waiter {
  old: Held | undefined;
  #isAgain = false;

  constructor(
    readonly core: SessionCore,
    readonly request: HttpRequest,
    readonly handler: HttpHandler,
    readonly origins: readonly (string | undefined)[],
    readonly caller: Subscriber<HttpEvent>,
  ) {
    this.old = sinceOf(request);
  }

  get isSender(): boolean {
    return true;
  }

  get closed(): boolean {
    return this.caller.closed;
  }

  waits(refreshId: number | undefined): void {
    this.caller.add(() => this.core.dismiss(this));
    scopeOf(this.request).trace('held', { refreshId });
  }

  error(error: unknown): void {
    this.caller.error(error);
  }

  leave(held: Held | null, done: () => void): void {
    const { core, request, handler, caller } = this;
    if (this.#isAgain && isOneShot(request.body)) {
      throw new BodyNotReplayableError('its body can be sent only once', { request });
    }
    scopeOf(request).trace('carries', held ? { generation: held.generation } : {});
    const answer$ = held ? this.#judged(handler(core.authorize(request, held.tokens))) : handler(request);
    const attempt = answer$.subscribe({
      next: (event) => caller.next(event),
      // Only what was sent with tokens is judged.
      error: (error) => {
        if (error instanceof Refused && held) this.#again(held, error.response);
        else caller.error(error);
      },
      complete: () => caller.complete(),
    });
    attempt.add(done);
    caller.add(attempt);
  }

  /** Emits what comes; errors with {@link Refused} where that says that the token is dead. */
  #judged(answer$: Observable<HttpEvent>): Observable<HttpEvent> {
    const judge = (shown: HttpResponse, event: HttpResponse): HttpEvent => {
      if (this.core.isExpired(shown, this.request)) throw new Refused(event);
      return event;
    };
    const isJudged = (event: HttpEvent): event is HttpResponse =>
      event.type === 'response' && this.#isFromAllowed(event.url);
    if (this.request.responseType === 'json') {
      return answer$.pipe(map((event) => (isJudged(event) ? judge(event, event) : event)));
    }
    return answer$.pipe(
      switchMap((event) => {
        if (!isJudged(event)) return of(event);
        const shown = decoded(event);
        return isObservable(shown) ? shown.pipe(map((response) => judge(response, event))) : of(judge(shown, event));
      }),
    );
  }

  /** Most answers come from where the request went, which has been checked. */
  #isFromAllowed(url: string): boolean {
    return !url || url === this.request.url || this.origins.includes(originOf(url));
  }

  #again(held: Held, response: HttpResponse): void {
    const { core, request } = this;
    const { generation } = held;
    scopeOf(request).trace('expired');
    if (this.#isAgain) core.rejections.add(request, generation);
    if (this.#isAgain || core.rejections.has(request, generation)) {
      this.error(new TokenRejectedError('a fresh token was refused as well', { request, response }));
      return;
    }
    this.#isAgain = true;
    this.old = held;
    core.reject(held);
    core.admit(this);
  }
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
    const scope = scopeOf(request);
    const origins = ownOrigins ?? scope.allowedOrigins;
    const origin = scope.originOf(request.url);
    if (!origin) throw new InvalidRequestError('url: not a url of http or https', { request });
    if (!origins.includes(origin)) return next(request);

    // Serialised once, and bytes copied, which the caller may change meanwhile: both attempts send the same.
    const bytes = copyOf(request.body);
    const wire = serialize(bytes ? { ...request, body: bytes } : request);
    return new Observable((caller) => core.admit(new Errand(core, wire, next, origins, caller)));
  };
};
