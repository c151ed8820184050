import type { Observer, Subscriber } from 'rxjs';
import { codeOf, HttpStatusError, NetworkError, ResponseParseError } from './errors';
import type { HeldBody } from './held-body';
import { isNotJson, type NewestResponse, withQuote } from './json-text';
import type { HttpRequest } from './request';
import type { HttpEvent, HttpResponse } from './response';
import type { Trace } from './trace';

/** A response at its head, with its request. */
export interface Connection {
  readonly request: HttpRequest;
  readonly response: HttpResponse<ReadableStream<Uint8Array> | null>;
}

/** What a request emits. `connection-any`: a {@link Connection} whatever its status. */
export type Emitted = 'body' | 'response' | 'connection' | 'connection-any';

/** Emits the response to the caller, or an error made of it. The outermost step; it ends the trace. */
export class Settlement implements Observer<HttpEvent>, NewestResponse {
  isSettled = false;
  notJson?: string | undefined;
  stream?: HeldBody | undefined;

  constructor(
    readonly request: HttpRequest,
    readonly trace: Trace,
    readonly caller: Subscriber<unknown>,
    readonly emitted: Emitted,
  ) {}

  next(event: HttpEvent): void {
    const { request, caller } = this;
    if (this.isSettled || caller.closed) return;
    // An interceptor in JavaScript may emit `undefined`, e.g. from a `map` without `return`: no response follows.
    if (event?.type !== 'response') {
      if (event && request.reportProgress) caller.next(event);
      return;
    }
    const { status } = event;
    if (status >= 400 && this.emitted !== 'connection-any') {
      this.#fail(new HttpStatusError(request, event), status);
      return;
    }
    if (isNotJson(event, this)) {
      this.notJson = undefined;
      const error = new ResponseParseError('its body is not JSON', { request, response: withQuote(event) });
      // Until the stack is read, V8 keeps all values of its frames, here the whole text.
      void error.stack;
      this.#fail(error, status);
      return;
    }
    this.isSettled = true;
    this.trace('settled', { status });
    // From here on the caller may read it, however long after the request.
    this.stream = undefined;
    caller.next(this.#toValue(event));
    caller.complete();
  }

  error(error: unknown): void {
    if (!this.isSettled && !this.caller.closed) this.#fail(error);
  }

  complete(): void {
    // Check first: to create an error costs more than the request, and most requests have settled.
    if (!this.isSettled) this.#fail(new NetworkError('no response', { request: this.request }));
  }

  #toValue(response: HttpResponse): unknown {
    const { emitted, request } = this;
    if (emitted === 'body') return response.body;
    return emitted === 'response' ? response : { request, response };
  }

  #fail(error: unknown, status?: number): void {
    this.isSettled = true;
    this.trace('settled', { ...(status && { status }), error: codeOf(error) });
    this.caller.error(error);
  }
}
