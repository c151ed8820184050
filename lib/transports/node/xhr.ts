import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Agents } from '../agents';
import { DEFAULT_MAX_BYTES, tooLarge } from '../incomplete-response';
import type { PlatformXHR } from '../platform-xhr';
import { type NodeAgents, resolveAgents } from './agents';
import { decode, encodingsOf, toBody } from './content';
import { isRedirect } from './redirect';
import { SendingXHR } from './sending-xhr';

/**
 * The receiving half of the XHR for Node. Based on xhr2, without its faults that lose data, report a wrong outcome,
 * leak secrets, crash the process or leak a connection. Unlike a browser's, it shows `set-cookie`, accepts headers such
 * as `cookie`, sends streams, and has a `cause`.
 */
class NodeXHR extends SendingXHR {
  #stopDecoding: (() => void) | undefined;
  readonly #maxBytes: number;

  constructor(agents: NodeAgents, maxBytes: number) {
    super(agents);
    this.#maxBytes = maxBytes;
  }

  /**
   * Read by the transport instead of {@link getAllResponseHeaders}: names in lower case, several `set-cookie` joined by
   * `\n`.
   */
  get responseHeaders(): Record<string, string> {
    const headers = this._responseHeaders ?? {};
    const cookies = headers['set-cookie'];
    // The only header that Node does not join.
    return (cookies ? { ...headers, 'set-cookie': cookies.join('\n') } : headers) as Record<string, string>;
  }

  /** Empty: rxjs/ajax would parse the headers for each event, and nothing reads them. */
  override getAllResponseHeaders(): string {
    return '';
  }

  protected override _onHttpResponse(request: ClientRequest, response: IncomingMessage): void {
    const { statusCode = 0, statusMessage = '', headers } = response;
    if (this._request !== request) response.destroy();
    else if (isRedirect(statusCode)) this.followRedirect(request, response);
    else if (statusCode < 200 || statusCode > 599) this.fail(new TypeError('invalid HTTP status'));
    else if (this.#isTooLarge(statusCode, Number(headers['content-length']))) this.fail(tooLarge(this.#maxBytes));
    else {
      super._onHttpResponse(request, response);
      this.statusText = statusMessage;
    }
  }

  protected override _parseResponseHeaders({ headers }: IncomingMessage): void {
    this._responseHeaders = headers;
  }

  protected override _onHttpResponseData(response: IncomingMessage, data: Buffer): void {
    super._onHttpResponseData(response, data);
    if (this._response === response && this._loadedBytes > this.#maxBytes) this.fail(tooLarge(this.#maxBytes));
  }

  protected override _onHttpResponseEnd(response: IncomingMessage): void {
    if (this._response !== response) return;
    // An error thrown in a listener of Node ends the process.
    try {
      this.#decode(response);
    } catch (error) {
      this.fail(error);
    }
  }

  protected override _onHttpResponseClose(response: IncomingMessage): void {
    if (this._response !== response || this.#stopDecoding) return;
    this.fail(Object.assign(new Error('the response body ended early'), { code: 'ECONNRESET' }));
  }

  protected override _setError(): void {
    super._setError();
    this.#stopDecoding?.();
    this.#stopDecoding = undefined;
  }

  /**
   * Whether the announced length exceeds the limit. The length of a response to HEAD or with 304 is that of another
   * response.
   */
  #isTooLarge(status: number, announced: number): boolean {
    return announced > this.#maxBytes && this._method !== 'HEAD' && status !== 304;
  }

  #decode(response: IncomingMessage): void {
    const parts = this._responseParts ?? [];
    const [first] = parts;
    const bytes = first && parts.length === 1 ? first : Buffer.concat(parts);
    const encodings = encodingsOf(response.headers['content-encoding']);
    if (!bytes.length || !encodings.length) {
      this.#deliver(bytes);
      return;
    }
    this.#stopDecoding = decode(bytes, encodings, this.#maxBytes, (error, decoded) => {
      if (error) this.fail(error);
      else this.#deliver(decoded);
    });
  }

  #deliver(bytes: Buffer): void {
    const request = this._request;
    try {
      this.response = toBody(bytes, this.responseType, this._responseHeaders?.['content-type']);
    } catch (error) {
      this.fail(error);
      return;
    }
    this._request = null;
    this._response = null;
    this._responseParts = null;
    this.#stopDecoding = undefined;
    // A server that responds before it has the whole request body does not want the rest.
    if (!request?.writableFinished) request?.destroy();
    this.upload.release();
    this.finish('load');
  }
}

export const canStream = true;

/**
 * Returns a function that creates an `XMLHttpRequest` for Node, with the caller's agents or the global ones. Throws a
 * `TypeError` for an invalid agent. `maxBytes` limits a response body, both received and decoded.
 */
export const xhrFactory = (agents?: Agents, maxBytes = DEFAULT_MAX_BYTES): (() => PlatformXHR) => {
  const findAgents = resolveAgents(agents);
  // It implements the part of the interface that rxjs/ajax and the transport use.
  return () => new NodeXHR(findAgents(), maxBytes) as unknown as PlatformXHR;
};
