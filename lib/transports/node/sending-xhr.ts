import { type ClientRequest, type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http';
import Xhr2, { type ParsedUrl } from 'xhr2';
import { UnsendableError } from '../unsendable';
import { dequeue, type NodeAgents } from './agents';
import { type BodySource, readBody } from './body';
import { ACCEPT_ENCODING } from './content';
import { MAX_REDIRECTS, nextHop } from './redirect';
import { NodeUpload } from './upload';
import { toParsedUrl } from './url';

/** What the connection itself decides. */
const FORBIDDEN_HEADERS = /^(connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/;

/** What a server may be sent twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT = /^(GET|HEAD|OPTIONS|PUT|DELETE)$/;

/** How a connection fails that the server has closed while it was idle. */
const STALE = /^(ECONNRESET|EPIPE)$/;

/** The most of a redirect's own body that is worth reading to keep the connection. */
const MAX_REDIRECT_BYTES = 64 * 1024;

const DONE = 4;

/** The half of the XHR for Node that sends: headers, bodies, redirects, stale connections, and every way of giving up. */
export class SendingXHR extends Xhr2 {
  /** Why there is no answer. */
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

  /** Takes headers that a browser keeps to itself, such as `cookie`; throws for those that would break the connection. */
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

  /** Ends whatever is going on. Unlike a browser's, it tells no one: who aborts knows. */
  override abort(): void {
    const request = this._request;
    this._setError();
    if (request) this.#destroyRequest(request);
  }

  /** Ends with an error what is going on. */
  fail(cause: unknown): void {
    // Of an answer that it can not parse, Node keeps the bytes, and so maybe a token.
    if (Object(cause).rawPacket) Reflect.set(Object(cause), 'rawPacket', undefined);
    this.cause = cause;
    this.abort();
    this.finish('error');
  }

  protected finish(outcome: 'load' | 'error'): void {
    this._setReadyState(DONE);
    this._dispatchProgress(outcome);
  }

  /** Lets go of all that a request holds. What is left of an answer that broke off is none, and has no status. */
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
    // A part of something that is encoded can not be decoded.
    headers['accept-encoding'] ??= 'range' in headers ? 'identity' : ACCEPT_ENCODING;
    headers['user-agent'] ??= 'node';
    this.upload.addHeaders(headers);
  }

  protected override _sendHxxpRequest(): void {
    super._sendHxxpRequest();
    const request = this._request;
    // Also how it ends where the server switches to a protocol that nobody asked for. Without this, xhr2 would wait for an answer that never comes.
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

  /** Follows a redirect once its own body is over, so that the next request finds the connection free. */
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

  /** Makes events only for those who listen. One `send` is one start, however often it is sent. */
  protected override _dispatchProgress(type: string): void {
    const isStart = type !== 'loadstart' || !(this.#redirects || this.#isRetried);
    if (isStart && this._listeners[type]) super._dispatchProgress(type);
  }

  /** Tells no one: rxjs/ajax does not ask. */
  protected override _setReadyState(state: number): void {
    this.readyState = state;
  }

  /** Throws for what Node would refuse, which it says only once it is given the body. */
  #validateHeaders(): void {
    // A method is of the same letters as a name.
    for (const name of [this._method, ...Object.keys(this._headers)]) validateHeaderName(name);
    for (const [name, value] of Object.entries(this._headers)) validateHeaderValue(name, value);
  }

  /** As `#start`, where no one is left to throw to. */
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

  /** Whether the server may have closed the connection before it saw the request, and would do nothing twice. */
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
