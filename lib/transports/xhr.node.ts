import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import Xhr2 from 'xhr2';

/** What may follow a redirect to another origin; everything else may be a secret. */
const HARMLESS = /^(accept|accept-language|content-type|user-agent)$/i;

/** What the connection itself decides. */
const NOT_THE_CALLERS = /^(connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/;

/** As many as `fetch` follows. */
const MOST_REDIRECTS = 20;

/** xhr2, with the faults mended that turn one outcome into another, or send a token where it may not go. */
class NodeXHR extends Xhr2 {
  /** Why the connection failed; xhr2 throws it away. */
  cause?: Error;

  #redirects = 0;

  /** Takes headers that a browser keeps to itself, such as `cookie`; throws for those that would break the connection. */
  override setRequestHeader(name: string, value: string): void {
    const lowered = name.toLowerCase();
    if (NOT_THE_CALLERS.test(lowered)) throw new TypeError(`${lowered} can not be set`);
    // xhr2 would send a second one under its own spelling.
    const spelt = lowered === 'user-agent' ? 'User-Agent' : name;
    this._loweredHeaders[lowered] = spelt;
    this._headers[spelt] = value;
  }

  protected override _sendHxxpRequest(): void {
    super._sendHxxpRequest();
    const request = this._request;
    // Nobody asked for another protocol: without this, xhr2 waits for an answer that never comes.
    request?.once('upgrade', (_, socket: Socket) => {
      socket.destroy();
      this._onHttpRequestError(request, new TypeError('a switch of protocols that nobody asked for'));
    });
  }

  protected override _onHttpResponse(request: ClientRequest, response: IncomingMessage): void {
    const { statusCode = 0, headers } = response;
    if (/^30[12378]$/.test(`${statusCode}`)) {
      try {
        if (++this.#redirects > MOST_REDIRECTS) throw new RangeError();
        const target = new URL(headers.location || 'http://', this._url.href);
        if (target.origin !== new URL(this._url.href).origin) this.#dropSecrets();
        // xhr2 resolves a relative one wrongly.
        headers.location = target.href;
        response.resume();
      } catch {
        response.resume();
        this._onHttpRequestError(request, new TypeError('a redirect that leads nowhere'));
        return;
      }
    }
    super._onHttpResponse(request, response);
    this.statusText ??= '';
  }

  #dropSecrets(): void {
    for (const name of Object.keys(this._headers)) if (!HARMLESS.test(name)) delete this._headers[name];
  }

  protected override _onHttpRequestError(request: unknown, error: Error & { rawPacket?: unknown }): void {
    // The bytes that Node's parser could not read may hold a cookie or a token.
    delete error.rawPacket;
    this.cause = error;
    super._onHttpRequestError(request, error);
  }

  /** An answer that broke off keeps no status: what is left of it is no answer. */
  protected override _setError(): void {
    super._setError();
    this.status = 0;
  }
}

/** A fresh `XMLHttpRequest` for Node. */
export const createXHR = (): XMLHttpRequest =>
  // xhr2 is untyped; what rxjs/ajax uses of the interface it has.
  new NodeXHR() as unknown as XMLHttpRequest;
