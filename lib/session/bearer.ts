import { AsyncSubject, map, Observable, type Observer, type Subscriber, Subscription, switchMap } from 'rxjs';
import { copyMutableBody, isStream, serialize } from '../http/body';
import { withParsedJson } from '../http/download';
import { BodyNotReplayableError, InvalidRequestError, TokenRejectedError } from '../http/errors';
import { internalsOf } from '../http/internals';
import { checkOptions } from '../http/options';
import type { HttpHandler, HttpRequest, Interceptor } from '../http/request';
import type { HttpEvent, HttpResponse } from '../http/response';
import { originOf, toOrigins } from '../http/url';
import { verdictOf } from './expiry';
import { coreOf, type Session, type SessionCore } from './session';
import type { Held } from './state';
import type { Waiter } from './waiting-room';

/** The options of {@link bearer}. */
export interface BearerOptions {
  /** Where the token may go. @defaultValue where the client that made the request lets it go */
  readonly allowedOrigins?: readonly string[] | undefined;
}

/** Whose a request is: `since$` emits it if that is not known before a look into the store is over. */
interface Claim {
  readonly since$?: Observable<Held | undefined>;
  readonly since?: Held | undefined;
}

/** What binds a request of now to the session that the store holds: however long it is delayed, no other session's token goes with it. */
export const claim = (core: SessionCore): Claim => {
  const looked$ = core.look();
  if (!looked$) return core.claim();
  // What is so then, however late the request is on its way.
  const since$ = new AsyncSubject<Held | undefined>();
  looked$.pipe(map(core.since)).subscribe(since$);
  return { since$ };
};

/** One sending of an errand: hands on what comes, unless that says that the token is dead. An observer, as each operator in its place would cost every request. */
class Attempt extends Subscription implements Observer<HttpEvent> {
  /** What else may come is of no interest. */
  #isOver = false;

  constructor(
    readonly errand: Errand,
    readonly held: Held | null,
  ) {
    super();
  }

  next(event: HttpEvent): void {
    const { errand, held } = this;
    if (this.#isOver) return;
    // Only what was sent with tokens is judged.
    if (!held || event?.type !== 'response' || !errand.isFromAllowed(event.url)) {
      errand.caller.next(event);
      return;
    }
    if (errand.request.responseType === 'json') {
      this.#judge(event, event, held);
      return;
    }
    this.#isOver = true;
    this.add(
      withParsedJson(event).subscribe((shown) => {
        if (!this.#judge(shown, event, held)) errand.caller.complete();
      }),
    );
  }

  error(error: unknown): void {
    if (!this.#isOver) this.errand.error(error);
  }

  complete(): void {
    if (!this.#isOver) this.errand.caller.complete();
  }

  /** Whether the request starts over. */
  #judge(shown: HttpResponse, event: HttpResponse, held: Held): boolean {
    const { errand } = this;
    let isExpired = false;
    try {
      isExpired = verdictOf('isExpired', errand.core.isExpired(shown, errand.request));
    } catch (error) {
      errand.error(error);
    }
    if (isExpired) {
      this.#isOver = true;
      errand.again(held, event);
      this.unsubscribe();
    } else {
      errand.caller.next(event);
    }
    return isExpired;
  }
}

/**
 * One request of a session: it leaves with live tokens, and where its answer says that they are dead, once more with the next ones. A class, as
 * a hundred thousand may wait at once: what they share is in its prototype, and not in closures of each.
 */
class Errand implements Waiter {
  #isAgain = false;

  constructor(
    readonly core: SessionCore,
    readonly request: HttpRequest,
    readonly handler: HttpHandler,
    readonly origins: readonly (string | undefined)[],
    readonly caller: Subscriber<HttpEvent>,
    public old: Held | undefined,
  ) {}

  get isSender(): boolean {
    return true;
  }

  get closed(): boolean {
    return this.caller.closed;
  }

  waits(refreshId: number | undefined): void {
    this.caller.add(() => this.core.dismiss(this));
    internalsOf(this.request).trace('waiting', { refreshId });
  }

  error(error: unknown): void {
    this.caller.error(error);
  }

  leave(held: Held | null, done: () => void): void {
    const { core, handler, caller } = this;
    let { request } = this;
    if (this.#isAgain) {
      if (isStream(request.body)) throw new BodyNotReplayableError('its body can be sent only once', { request });
      request = { ...request, cache: 'reload' };
    }
    internalsOf(request).trace('set-generation', held ? { generation: held.generation } : {});
    const attempt = new Attempt(this, held);
    attempt.add(handler(held ? core.authorize(request, held.tokens) : request).subscribe(attempt));
    attempt.add(done);
    caller.add(attempt);
  }

  /** Whether an answer is one to judge by. Most come from where the request went, which has been checked. */
  isFromAllowed(url: string): boolean {
    return !url || url === this.request.url || this.origins.includes(originOf(url));
  }

  /** Starts over, once, after an answer that said that `held` are dead. */
  again(held: Held, response: HttpResponse): void {
    const { core, request } = this;
    const { generation } = held;
    internalsOf(request).trace('token-expired');
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
export const bearer = (session: Session, options: BearerOptions = {}): Interceptor => {
  const core = coreOf(session);
  const { allowedOrigins } = checkOptions(options);
  const ownOrigins = allowedOrigins === undefined ? undefined : toOrigins(allowedOrigins);

  return (request, next) => {
    if (!request.auth || core.isCalling() || 'authorization' in request.headers) return next(request);
    const internals = internalsOf(request);
    const origins = ownOrigins ?? internals.allowedOrigins;
    const origin = internals.originOf(request.url);
    if (!origin) throw new InvalidRequestError('url: expected a url of http or https', { request });
    if (!origins.includes(origin)) {
      if (core.since()) internals.withhold(origin);
      return next(request);
    }

    // Serialised once, and bytes copied, which the caller may change meanwhile: both attempts send the same.
    const bytes = copyMutableBody(request);
    const wire = serialize(bytes ? { ...request, body: bytes } : request);
    // Another session may have made the request; the binding of this one is its own claim.
    const { since$, since } = (internals.session === core && (internals.binding as Claim | undefined)) || claim(core);
    // However late it is subscribed to, and however often.
    const bind = (bound = core.since()) =>
      new Observable<HttpEvent>((caller) => core.admit(new Errand(core, wire, next, origins, caller, bound)));
    return since$ ? since$.pipe(switchMap((found) => bind(found))) : bind(since);
  };
};
