import {
  defaultIfEmpty,
  first,
  NEVER,
  type Observable,
  type ObservableInput,
  type Observer,
  type Subscriber,
  Subscription,
  switchMap,
  take,
} from 'rxjs';
import { isStream } from '../../http/body';
import { withParsedJson } from '../../http/download';
import { BodyNotReplayableError, TokenRejectedError } from '../../http/errors';
import { internalsOf } from '../../http/internals';
import type { HttpHandler, HttpRequest } from '../../http/request';
import type { HttpEvent, HttpResponse } from '../../http/response';
import { toObservable } from '../../http/to-observable';
import { originOf } from '../../http/url';
import { type ExpiryPredicate, resultOf } from '../refresh/expiry';
import { type Binding, decide, type SessionState, type SignedIn, type Tokens } from '../state/session-state';
import { newerThan, type Waiter } from './admission';
import type { RejectedRoutes } from './rejected-routes';

/** What a request needs of its session. */
export interface Authorizer {
  readonly state: SessionState;
  readonly isExpired: ExpiryPredicate;
  readonly authorize: (request: HttpRequest, tokens: Tokens) => HttpRequest | ObservableInput<HttpRequest>;
  readonly rejectedRoutes: RejectedRoutes;
  /** Sends `waiter` with the session's tokens: in this same tick if they are alive, otherwise after a refresh. */
  admit(waiter: Waiter): void;
  /** Forgets `waiter`, which has unsubscribed. */
  remove(waiter: Waiter): void;
  /** The server has rejected the access token of this state. */
  reject(state: SignedIn): void;
}

const isRequest = (value: unknown): value is HttpRequest => typeof Object(value).url === 'string';

/**
 * One sending of a request. Forwards its events, unless the response says that the token is dead. An observer, because
 * operators in its place would cost every request.
 */
class Attempt extends Subscription implements Observer<HttpEvent> {
  /** True after a response that leads to a replay, and from the moment a response of another type than JSON arrives. */
  #ignoresEvents = false;

  constructor(
    readonly request: AuthorizedRequest,
    readonly state: SignedIn | null,
  ) {
    super();
  }

  next(event: HttpEvent): void {
    const { request, state } = this;
    if (this.#ignoresEvents) return;
    // Only a response to a request with a token is judged.
    if (!state || event?.type !== 'response' || !request.isTrusted(event.url)) {
      request.caller.next(event);
      return;
    }
    if (request.wire.responseType === 'json') {
      if (this.#isExpired(event, state)) this.#replay(event, state);
      else request.caller.next(event);
      return;
    }
    this.#ignoresEvents = true;
    const { newest } = internalsOf(request.wire);
    // A transport that wraps another one may have made any other body of the stream.
    const stream = isStream(event.body) ? newest.stream : undefined;
    const shown$ = stream ? stream.inspect$(event) : withParsedJson(event);
    const expired$ = shown$.pipe(first((shown) => this.#isExpired(shown, state), null));
    this.add(
      expired$.subscribe((expired) => {
        if (expired) {
          newest.stream?.cancel();
          this.#replay(stream ? expired : event, state);
          return;
        }
        request.caller.next(stream ? { ...event, body: stream.body } : event);
        request.caller.complete();
      }),
    );
  }

  error(error: unknown): void {
    if (!this.#ignoresEvents) this.request.error(error);
  }

  complete(): void {
    if (!this.#ignoresEvents) this.request.caller.complete();
  }

  /** Whether the response says that the token has expired, and newer tokens may come. */
  #isExpired(shown: HttpResponse, state: SignedIn): boolean {
    const { request } = this;
    try {
      return resultOf('isExpired', request.session.isExpired(shown, request.wire)) && request.mayReplay(state);
    } catch (error) {
      request.error(error);
      return false;
    }
  }

  #replay(response: HttpResponse, state: SignedIn): void {
    this.#ignoresEvents = true;
    this.request.replay(state, response);
    this.unsubscribe();
  }
}

/**
 * One request of a session. It is sent with live tokens and, if the response says that they are dead, replayed once
 * with the next ones. A class, because a hundred thousand may wait at once: what they share is in its prototype, and
 * not in closures of each.
 */
export class AuthorizedRequest implements Waiter {
  readonly #handler: HttpHandler;
  readonly #origins: readonly (string | undefined)[];
  #isReplay = false;

  /** @param wire - The request with its body serialised. */
  constructor(
    readonly session: Authorizer,
    readonly wire: HttpRequest,
    handler: HttpHandler,
    origins: readonly (string | undefined)[],
    readonly caller: Subscriber<HttpEvent>,
    public binding: Binding | undefined,
  ) {
    this.#handler = handler;
    this.#origins = origins;
  }

  get takesSlot(): boolean {
    return true;
  }

  get renew(): boolean {
    // An interceptor in JavaScript may have made the request.
    return this.wire.renew !== false;
  }

  get closed(): boolean {
    return this.caller.closed;
  }

  onQueued(refreshId: number | undefined): void {
    this.caller.add(() => this.session.remove(this));
    internalsOf(this.wire).trace('waiting', { refreshId });
  }

  error(error: unknown): void {
    this.caller.error(error);
  }

  send(state: SignedIn | null, release: () => void): void {
    const { session, caller } = this;
    const handler = this.#handler;
    let { wire } = this;
    if (this.#isReplay) {
      if (isStream(wire.body)) throw new BodyNotReplayableError('its body can be sent only once', { request: wire });
      wire = { ...wire, cache: 'reload' };
    }
    const { trace, onToken } = internalsOf(wire);
    trace('set-generation', state ? { generation: state.generation } : {});
    if (state) onToken?.({ session, sessionId: state.tokens.sessionId });
    const attempt = new Attempt(this, state);
    const authorized = state ? session.authorize(wire, state.tokens) : wire;
    const event$ = isRequest(authorized) ? handler(authorized) : this.#sendLater$(authorized, attempt);
    attempt.add(event$.subscribe(attempt));
    attempt.add(release);
    caller.add(attempt);
  }

  /** Sends what `authorize` emits. If the tokens were replaced or rejected in the meantime, it is asked again. */
  #sendLater$(input: ObservableInput<HttpRequest>, attempt: Attempt): Observable<HttpEvent> {
    const { session } = this;
    const handler = this.#handler;
    return toObservable('authorize', input).pipe(
      take(1),
      defaultIfEmpty(undefined),
      switchMap((authorized) => {
        if (!isRequest(authorized)) throw new TypeError('authorize: expected it to return or emit a request');
        // Not by the clock: a slow signature could outlive each token.
        const verdict = decide(session.state, this.binding, 0, this.renew);
        const isUsable = typeof verdict === 'object' && verdict.generation === attempt.state?.generation;
        if (isUsable) return handler(authorized);
        attempt.unsubscribe();
        session.admit(this);
        return NEVER;
      }),
    );
  }

  /**
   * Whether the response came from an allowed origin. Most come from the url of the request, which has been checked.
   */
  isTrusted(url: string): boolean {
    return !url || url === this.wire.url || this.#origins.includes(originOf(url));
  }

  /** Whether newer tokens may come for a request that has sent those of `state`: with `renew: false` not always. */
  mayReplay(state: SignedIn): boolean {
    const { session } = this;
    if (this.renew || this.#isReplay) return true;
    session.reject(state);
    return session.state.status === 'refreshing' || session.state.generation !== state.generation;
  }

  /** Waits for newer tokens and is sent again, once, after a response that said that those of `state` are dead. */
  replay(state: SignedIn, response: HttpResponse): void {
    const { session, wire } = this;
    const { rejectedRoutes } = session;
    const { generation } = state;
    internalsOf(wire).trace('token-expired');
    if (this.#isReplay) rejectedRoutes.add(wire, generation);
    if (this.#isReplay || rejectedRoutes.has(wire, generation)) {
      this.error(new TokenRejectedError('a fresh token was rejected as well', { request: wire, response }));
      return;
    }
    this.#isReplay = true;
    this.binding = newerThan(state);
    session.reject(state);
    session.admit(this);
  }
}
