import { type HttpEvent, type HttpRequest, NetworkError, type Transport } from 'renewal';
import { Observable, type Subscriber } from 'rxjs';
import { type Reply, respond$, targetOf, toWireReply } from './reply';

/**
 * `'GET /orders'`, a pattern for `GET /orders?page=2`, or a predicate. In a text the order of query parameters does not
 * count.
 */
export type RequestMatch = string | RegExp | ((request: HttpRequest) => boolean);

/** One request that a test responds to. */
export interface MockRequest {
  /** The request as a transport gets it, its body serialised. */
  readonly request: HttpRequest;
  /** Whether it was unsubscribed or aborted before its response. */
  readonly cancelled: boolean;
  /**
   * Responds in the same tick; later with a stream, or with a blob that has to be read. A value is sent as JSON, and so
   * is a text, unless the header `content-type` says otherwise. `null`: no content. Throws an `Error` if the request is
   * settled or cancelled. Throws a `TypeError` for a wrong status or a body that is no JSON: then it stays open.
   */
  flush(body: unknown, init?: Omit<Reply, 'body'>): void;
  /** Fails with a `NetworkError`. Throws an `Error` if the request is settled or cancelled. */
  error(cause?: unknown): void;
  /** Reports progress in bytes, if the caller wants that. @defaultValue the type `'download'` */
  progress(loaded: number, total?: number, type?: 'download' | 'upload'): void;
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

const checkMatch = (match: RequestMatch): void => {
  const isRight =
    typeof match === 'function' || match instanceof RegExp || (typeof match === 'string' && /^[A-Z-]+ \//.test(match));
  if (!isRight) throw new TypeError("match: expected a text such as 'GET /orders', a RegExp or a function");
};

/** The query in an order of its own: that of its names does not count, that of one name's values does. */
const sortQuery = (query: string): string => {
  const params = new URLSearchParams(query);
  params.sort();
  return `${params}`;
};

/** Finds the request that the test means. A query counts only if it is given. */
const toMatcher = (match: RequestMatch): ((call: Call) => boolean) => {
  if (typeof match === 'function') return ({ request }) => match(request);
  if (typeof match !== 'string') {
    const pattern = new RegExp(match.source, match.flags.replace(/[gy]/g, ''));
    return ({ line }) => pattern.test(line);
  }
  const [method = ''] = match.split(' ', 1);
  const { path, query } = targetOf(`http://relative.invalid${match.slice(method.length + 1)}`);
  const name = `${method} ${path}`;
  const sorted = match.includes('?') ? sortQuery(query) : undefined;
  return (call) => call.name === name && (sorted === undefined || sortQuery(call.query) === sorted);
};

const nameOf = (match: RequestMatch): string => (typeof match === 'function' ? 'the function' : `${match}`);

class Call implements MockRequest {
  isClaimed = false;
  isSettled = false;
  cancelled = false;
  /** Method and path. */
  readonly name: string;
  readonly query: string;

  constructor(
    readonly request: HttpRequest,
    readonly subscriber: Subscriber<HttpEvent>,
  ) {
    const { path, query } = targetOf(request.url);
    this.name = `${request.method} ${path}`;
    this.query = query;
  }

  get line(): string {
    return this.name + this.query;
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

  progress(loaded: number, total?: number, type: 'download' | 'upload' = 'download'): void {
    this.#check();
    if (!this.request.reportProgress) return;
    this.subscriber.next({ type, loaded, ...(total !== undefined && { total }) });
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
  /** The calls that no test has claimed. */
  const open = new Set<Call>();

  const find = (wanted: RequestMatch): Call[] => {
    checkMatch(wanted);
    return [...open].filter(toMatcher(wanted));
  };
  const claim = (call: Call): void => {
    call.isClaimed = true;
    open.delete(call);
  };

  const transport: Transport = (request) =>
    new Observable((subscriber) => {
      const call = new Call(request, subscriber);
      calls.push(call);
      open.add(call);
      if (request.reportProgress) subscriber.next({ type: 'sent' });
      return () => {
        call.cancelled = !call.isSettled;
      };
    });

  const match: MockTransport['match'] = (wanted) => {
    const found = find(wanted);
    for (const call of found) claim(call);
    return found;
  };

  const expectOne: MockTransport['expectOne'] = (wanted) => {
    const found = find(wanted);
    const [call] = found;
    if (!call || found.length > 1) {
      const requested = calls.length > 0 ? `requested were:${listOf(calls)}` : 'nothing was requested';
      throw new Error(`expected one request for ${nameOf(wanted)}, found ${found.length}; ${requested}`);
    }
    claim(call);
    return call;
  };

  const verify = (): void => {
    const counted = calls.filter(({ cancelled }) => !cancelled);
    const unexpected = counted.filter(({ isClaimed }) => !isClaimed);
    const pending = counted.filter(({ isClaimed, isSettled }) => isClaimed && !isSettled);
    const parts = [
      ...(unexpected.length > 0 ? [`never expected:${listOf(unexpected)}`] : []),
      ...(pending.length > 0 ? [`without a response:${listOf(pending)}`] : []),
    ];
    if (parts.length > 0) throw new Error(parts.join('\n'));
  };

  return Object.assign(transport, { match, expectOne, verify });
};
