import { first, type Observer, type Subscriber, Subscription } from 'rxjs';
import { isStream } from '../../http/body';
import { withParsedJson } from '../../http/download';
import { BodyNotReplayableError, TokenRejectedError } from '../../http/errors';
import { internalsOf } from '../../http/internals';
import type { HttpHandler, HttpRequest } from '../../http/request';
import type { HttpEvent, HttpResponse } from '../../http/response';
import { originOf } from '../../http/url';
import { type ExpiryPredicate, verdictOf } from '../refresh/expiry';
import type { Binding, SignedIn, Tokens } from '../state/session-state';
import { newerThan, type Waiter } from './admission';
import type { RejectedRoutes } from './rejected-routes';

/** What a request needs of its session. */
export interface Authorizer {
  readonly isExpired: ExpiryPredicate;
  readonly authorize: (request: HttpRequest, tokens: Tokens) => HttpRequest;
  readonly rejectedRoutes: RejectedRoutes;
  /** Sends `waiter` with the session's tokens: in this same tick if they are alive, otherwise after a refresh. */
  admit(waiter: Waiter): void;
  /** Forgets `waiter`, which has unsubscribed. */
  remove(waiter: Waiter): void;
  /** The server has rejected the access token of this state. */
  reject(state: SignedIn): void;
}

/**
 * One sending of a request. Forwards its events, unless the response says that the token is dead. An observer, because
 * operators in its place would cost every request.
 */
class Attempt extends Subscription implements Observer<HttpEvent> {
  /** Since its response was judged, or is about to be. */
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
      if (this.#isExpired(event)) this.#replay(event, state);
      else request.caller.next(event);
      return;
    }
    this.#ignoresEvents = true;
    const { stream } = internalsOf(request.wire).newest;
    const shown$ = stream ? stream.inspect$(event) : withParsedJson(event);
    const expired$ = shown$.pipe(first((shown) => this.#isExpired(shown), null));
    this.add(
      expired$.subscribe((expired) => {
        if (expired) {
          stream?.cancel();
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

  #isExpired(shown: HttpResponse): boolean {
    const { request } = this;
    try {
      return verdictOf('isExpired', request.session.isExpired(shown, request.wire));
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
  #isReplay = false;

  /** @param wire - The request with its body serialised. */
  constructor(
    readonly session: Authorizer,
    readonly wire: HttpRequest,
    readonly handler: HttpHandler,
    readonly origins: readonly (string | undefined)[],
    readonly caller: Subscriber<HttpEvent>,
    public binding: Binding | undefined,
  ) {}

  get takesSlot(): boolean {
    return true;
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
    const { session, handler, caller } = this;
    let { wire } = this;
    if (this.#isReplay) {
      if (isStream(wire.body)) throw new BodyNotReplayableError('its body can be sent only once', { request: wire });
      wire = { ...wire, cache: 'reload' };
    }
    internalsOf(wire).trace('set-generation', state ? { generation: state.generation } : {});
    const attempt = new Attempt(this, state);
    attempt.add(handler(state ? session.authorize(wire, state.tokens) : wire).subscribe(attempt));
    attempt.add(release);
    caller.add(attempt);
  }

  /**
   * Whether the response came from an allowed origin. Most come from the url of the request, which has been checked.
   */
  isTrusted(url: string): boolean {
    return !url || url === this.wire.url || this.origins.includes(originOf(url));
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
