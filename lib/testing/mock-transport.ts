import { type HttpEvent, type HttpRequest, NetworkError, type Transport } from 'renewal';
import { Observable, type Subscriber } from 'rxjs';
import { type Reply, respond$, targetOf, toWireReply } from './reply';

/** `'GET /orders'`, a pattern for `GET /orders?page=2`, or a predicate. */
export type RequestMatch = string | RegExp | ((request: HttpRequest) => boolean);

/** One request that a test responds to. */
export interface MockRequest {
  /** The request as a transport gets it, its body serialised. */
  readonly request: HttpRequest;
  /** Whether it was unsubscribed or aborted before its response. */
  readonly cancelled: boolean;
  /**
   * Responds in the same tick. A value is sent as JSON; a text too, unless the header `content-type` says otherwise.
   * `null`: no content. Throws an `Error` if the request is settled or cancelled.
   */
  flush(body: unknown, init?: Omit<Reply, 'body'>): void;
  /** Fails with a `NetworkError`. Throws an `Error` if the request is settled or cancelled. */
  error(cause?: unknown): void;
  /** Reports a part of the download in bytes, if the caller wants progress. */
  progress(loaded: number, total?: number): void;
}

/** A transport whose responses the test writes. */
export interface MockTransport extends Transport {
  /** The one request that matches, which is claimed by that. Throws an `Error` that lists what was requested. */
  expectOne(match: RequestMatch): MockRequest;
  /** All requests that match and are not claimed yet. Claims them. */
  match(match: RequestMatch): MockRequest[];
  /**
   * Throws an `Error` that names each request without a response and each one that no test has claimed. Requests that
   * were cancelled do not count.
   */
  verify(): void;
}

const lineOf = ({ method, url }: HttpRequest): string => {
  const { path, query } = targetOf(url);
  return `${method} ${path}${query}`;
};

/** Whether the request is the one that the test means. A query counts only if it is given. */
const isMatch = (request: HttpRequest, match: RequestMatch): boolean => {
  if (typeof match === 'function') return match(request);
  const line = lineOf(request);
  if (typeof match !== 'string') return new RegExp(match.source, match.flags.replace(/[gy]/g, '')).test(line);
  return line === match || (!match.includes('?') && line.startsWith(`${match}?`));
};

const checkMatch = (match: RequestMatch): void => {
  const isRight =
    typeof match === 'function' || match instanceof RegExp || (typeof match === 'string' && /^[A-Z]+ \//.test(match));
  if (!isRight) throw new TypeError("match: expected a text such as 'GET /orders', a RegExp or a function");
};

const nameOf = (match: RequestMatch): string => (typeof match === 'function' ? 'the function' : `${match}`);

class Call implements MockRequest {
  isClaimed = false;
  isSettled = false;
  cancelled = false;

  constructor(
    readonly request: HttpRequest,
    readonly subscriber: Subscriber<HttpEvent>,
  ) {}

  get line(): string {
    return lineOf(this.request);
  }

  get state(): string {
    if (this.cancelled) return ' (cancelled)';
    return this.isSettled ? ' (settled)' : this.isClaimed ? ' (claimed)' : '';
  }

  flush(body: unknown, init: Omit<Reply, 'body'> = {}): void {
    this.#check();
    const reply = toWireReply({ ...init, body });
    this.isSettled = true;
    respond$(this.request, reply).subscribe(this.subscriber);
  }

  error(cause?: unknown): void {
    this.#check();
    this.isSettled = true;
    this.subscriber.error(new NetworkError('no response', { request: this.request, cause }));
  }

  progress(loaded: number, total?: number): void {
    this.#check();
    if (!this.request.reportProgress) return;
    this.subscriber.next({ type: 'download', loaded, ...(total !== undefined && { total }) });
  }

  #check(): void {
    if (this.cancelled) throw new Error(`${this.line} was cancelled`);
    if (this.isSettled) throw new Error(`${this.line} has its response already`);
  }
}

const listOf = (calls: readonly Call[]): string => calls.map((call) => `\n  ${call.line}${call.state}`).join('');

/**
 * A transport without a network: nothing is answered until the test says so. Works in virtual time and with fake
 * timers; it sets no timer.
 *
 * @example
 * ```ts
 * import { createApi } from 'renewal';
 * import { mockTransport } from 'renewal/testing';
 *
 * const transport = mockTransport();
 * const api = createApi({ baseUrl: 'https://shop.example', transport });
 * api.get$('/orders').subscribe(console.log);
 * transport.expectOne('GET /orders').flush([{ id: 7 }]);
 * transport.verify();
 * ```
 */
export const mockTransport = (): MockTransport => {
  const calls: Call[] = [];

  const transport: Transport = (request) =>
    new Observable((subscriber) => {
      const call = new Call(request, subscriber);
      calls.push(call);
      if (request.reportProgress) subscriber.next({ type: 'sent' });
      return () => {
        call.cancelled = !call.isSettled;
      };
    });

  const match: MockTransport['match'] = (wanted) => {
    checkMatch(wanted);
    const found = calls.filter(({ isClaimed, request }) => !isClaimed && isMatch(request, wanted));
    for (const call of found) call.isClaimed = true;
    return found;
  };

  const expectOne: MockTransport['expectOne'] = (wanted) => {
    checkMatch(wanted);
    const found = calls.filter(({ isClaimed, request }) => !isClaimed && isMatch(request, wanted));
    const [call] = found;
    if (!call || found.length > 1) {
      const requested = calls.length > 0 ? `requested were:${listOf(calls)}` : 'nothing was requested';
      throw new Error(`expected one request for ${nameOf(wanted)}, found ${found.length}; ${requested}`);
    }
    call.isClaimed = true;
    return call;
  };

  const verify = (): void => {
    const counted = calls.filter(({ cancelled }) => !cancelled);
    const unexpected = counted.filter(({ isClaimed }) => !isClaimed);
    const open = counted.filter(({ isClaimed, isSettled }) => isClaimed && !isSettled);
    const parts = [
      ...(unexpected.length > 0 ? [`never expected:${listOf(unexpected)}`] : []),
      ...(open.length > 0 ? [`without a response:${listOf(open)}`] : []),
    ];
    if (parts.length > 0) throw new Error(parts.join('\n'));
  };

  return Object.assign(transport, { match, expectOne, verify });
};
