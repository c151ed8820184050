declare module 'xhr2' {
  import type { ClientRequest } from 'node:http';

  /** The parts of xhr2 0.2.1 that `xhr.node.ts` builds upon. */
  export default class XMLHttpRequest {
    status: number;
    protected _url: { readonly href: string };
    statusText: string | undefined;
    protected _request: ClientRequest | null;
    protected _headers: Record<string, string>;
    /** Names in lower case, and how the caller spelt them. */
    protected _loweredHeaders: Record<string, string>;
    setRequestHeader(name: string, value: string): void;
    protected _sendHxxpRequest(): void;
    protected _setError(): void;
    protected _onHttpResponse(request: unknown, response: unknown): void;
    protected _onHttpRequestError(request: unknown, error: Error): void;
  }
}
