declare module 'xhr2' {
  /** The parts of xhr2 0.2.1 that `xhr.node.ts` builds upon. */
  export default class XMLHttpRequest {
    status: number;
    protected _url: { readonly href: string };
    protected _headers: Record<string, string>;
    protected _setError(): void;
    protected _onHttpResponse(request: unknown, response: unknown): void;
    protected _onHttpRequestError(request: unknown, error: Error): void;
  }
}
