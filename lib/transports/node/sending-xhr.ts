import { type ClientRequest, type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http';
import Xhr2, { type ParsedUrl } from 'xhr2';
import { UnsendableError } from '../unsendable';
import { dequeue, type NodeAgents } from './agents';
import { type BodySource, readBody } from './body';
import { ACCEPT_ENCODING } from './content';
import { MAX_REDIRECTS, nextHop } from './redirect';
import { NodeUpload } from './upload';
import { toParsedUrl } from './url';

/** The headers that only the connection sets. */
const FORBIDDEN_HEADERS = /^(connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/;

/** The idempotent methods (RFC 9110 section 9.2.2). */
const IDEMPOTENT = /^(GET|HEAD|OPTIONS|PUT|DELETE)$/;

/** The error codes of a connection that the server closed while it was idle. */
const STALE = /^(ECONNRESET|EPIPE)$/;

/** The body of a redirect is read up to this size, to keep the connection. */
const MAX_REDIRECT_BYTES = 64 * 1024;

const DONE = 4;

/** The sending half of the XHR for Node: headers, bodies, redirects, stale connections, abort and failure. */
export class SendingXHR extends Xhr2 {
  /** Why there is no response. */
  cause?: unknown;
  override upload: NodeUpload;

  #source: BodySource | undefined;
  #redirects = 0;
  #isRetried = false;

  constructor(agents: NodeAgents) {
    super();
    this.nodejsHttpAgent = agents.http;
    this.nodejsHttpsAgent = agents.https;
    this.upload = new NodeUpload(this);
  }

  /** Accepts headers that a browser forbids, such as `cookie`; throws for headers that would break the connection. */
  override setRequestHeader(name: string, value: string): void {
    const lowerName = name.toLowerCase();
    if (FORBIDDEN_HEADERS.test(lowerName))
      throw new UnsendableError(`headers.${lowerName}: only the connection sets this header`);
    this._headers[lowerName] = value;
  }

  override send(data?: unknown): void {
    if (data != null && /^(GET|HEAD)$/.test(this._method))
      throw new UnsendableError('GET and HEAD requests cannot have a body');
    if (data != null) this.#validateHeaders();
    const source = data == null ? undefined : readBody(data);
    this.#source = source;
    if (!source) this.#start(data);
    else {
      source.bytes.then(
        (bytes) => this.#source === source && this.#startAsync(bytes, source.type),
        (error) => this.#source === source && this.fail(error),
      );
    }
  }

  /** Cancels the request. Unlike a browser's, it emits no event. */
  override abort(): void {
    const request = this._request;
    this._setError();
    if (request) this.#destroyRequest(request);
  }

  /** Ends the request with an error. */
  fail(cause: unknown): void {
    // Node attaches the bytes of a response that it cannot parse; they may hold a token.
    if (Object(cause).rawPacket) Reflect.set(Object(cause), 'rawPacket', undefined);
    this.cause = cause;
    this.abort();
    this.finish('error');
  }

  protected finish(outcome: 'load' | 'error'): void {
    this._setReadyState(DONE);
    this._dispatchProgress(outcome);
  }

  /** Releases all resources of the request. A response that broke off has no status. */
  protected override _setError(): void {
    super._setError();
    this.status = 0;
    this.statusText = '';
    this.#source?.cancel();
    this.#source = undefined;
    this.upload.release();
  }

  protected override _parseUrl(url: string): ParsedUrl {
    return toParsedUrl(url);
  }

  protected override _finalizeHeaders(): void {
    const headers = this._headers;
    headers.accept ??= '*/*';
    // A range of an encoded body cannot be decoded.
    headers['accept-encoding'] ??= 'range' in headers ? 'identity' : ACCEPT_ENCODING;
    headers['user-agent'] ??= 'node';
    this.upload.addHeaders(headers);
  }

  protected override _sendHxxpRequest(): void {
    super._sendHxxpRequest();
    const request = this._request;
    // Also if the server switches protocols without being asked. xhr2 alone would wait forever for the response.
    request?.on('close', () => {
      if (this._request === request && !this._response)
        this.fail(new TypeError('the connection closed without a response'));
    });
  }

  protected override _onHttpRequestError(request: ClientRequest, error: Error & { readonly code?: string }): void {
    if (this._request !== request) return;
    if (!this.#isStale(request, error.code)) {
      this.fail(error);
      return;
    }
    this.#isRetried = true;
    try {
      this._sendHxxpRequest();
    } catch (final) {
      this.fail(final);
    }
  }

  /** Follows a redirect after its body has ended, so that the next request can reuse the connection. */
  protected followRedirect(request: ClientRequest, response: IncomingMessage): void {
    let size = 0;
    this._response = response;
    response.on('close', () => this._response === response && this.#sendNextHop(request, response));
    response.on('data', ({ length }: Buffer) => {
      size += length;
      if (size > MAX_REDIRECT_BYTES) response.destroy();
    });
    if (Number(response.headers['content-length']) > MAX_REDIRECT_BYTES) response.destroy();
  }

  /** Creates an event only if it has a listener. One `send` is one `loadstart`, however many requests it takes. */
  protected override _dispatchProgress(type: string): void {
    const isStart = type !== 'loadstart' || !(this.#redirects || this.#isRetried);
    if (isStart && this._listeners[type]) super._dispatchProgress(type);
  }

  /** Emits no event: rxjs/ajax does not listen. */
  protected override _setReadyState(state: number): void {
    this.readyState = state;
  }

  /** Throws for headers that Node would refuse later, when it gets the body. */
  #validateHeaders(): void {
    // A method has the same syntax as a header name.
    for (const name of [this._method, ...Object.keys(this._headers)]) validateHeaderName(name);
    for (const [name, value] of Object.entries(this._headers)) validateHeaderValue(name, value);
  }

  /** As `#start`, but fails instead of throwing: `send` has returned already. */
  #startAsync(bytes: Buffer, type: string | null): void {
    try {
      this.#start(bytes, type);
    } catch (error) {
      this.fail(error);
    }
  }

  #start(data: unknown, type?: string | null): void {
    this.#source = undefined;
    try {
      this.upload._setData(data, type);
      this._finalizeHeaders();
      this._sendHxxpRequest();
    } catch (error) {
      this._setError();
      throw error;
    }
  }

  /**
   * Whether the server may have closed the idle connection before it read the request, and the request is idempotent.
   */
  #isStale({ reusedSocket }: ClientRequest, code = ''): boolean {
    const isUnanswered = reusedSocket && STALE.test(code) && !this._response;
    return isUnanswered && !this.#isRetried && IDEMPOTENT.test(this._method) && this.upload.canReplay;
  }

  #sendNextHop(request: ClientRequest, { statusCode, headers }: IncomingMessage): void {
    this._response = null;
    try {
      if (++this.#redirects > MAX_REDIRECTS) throw new RangeError('too many redirects');
      const { href: url, auth } = this._url;
      const from = { method: this._method, url, headers: this._headers };
      const hop = nextHop(statusCode, headers.location, from, this.upload);
      this._url = { ...toParsedUrl(hop.url), auth: hop.isSameOrigin ? auth : null };
      this._method = hop.method;
      this._headers = { ...hop.headers };
      if (!hop.keepsBody) this.upload.release();
      if (!request.writableFinished) request.destroy();
      this._finalizeHeaders();
      this._sendHxxpRequest();
    } catch (error) {
      this.fail(error);
    }
  }

  #destroyRequest(request: ClientRequest): void {
    request.destroy();
    if (!request.socket)
      dequeue(this._url.protocol === 'https:' ? this.nodejsHttpsAgent : this.nodejsHttpAgent, request);
  }
}
