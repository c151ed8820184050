declare module 'xhr2' {
  import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';

  class ProgressEvent {
    constructor(type: string);
    lengthComputable: boolean;
    loaded: number;
    total: number;
  }

  class XMLHttpRequestUpload {
    constructor(xhr: XMLHttpRequest);
    protected _listeners: Readonly<Record<string, unknown>>;
    protected _contentType: string | null;
    protected _body: Buffer | null;
    dispatchEvent(event: ProgressEvent): void;
    _reset(): void;
    _setData(data: unknown): void;
    _startUpload(request: ClientRequest): void;
  }

  /** The parts of xhr2 0.2.1 that the files in this folder use. */
  export default class XMLHttpRequest {
    static readonly ProgressEvent: typeof ProgressEvent;
    static readonly XMLHttpRequestUpload: typeof XMLHttpRequestUpload;

    readyState: number;
    protected _listeners: Readonly<Record<string, unknown>>;
    readonly responseType: string;
    status: number;
    statusText: string;
    response: unknown;
    upload: XMLHttpRequestUpload;
    nodejsHttpAgent: Agent;
    nodejsHttpsAgent: Agent;
    protected _method: string;
    protected _url: ParsedUrl;
    protected _headers: Record<string, string>;
    protected _request: ClientRequest | null;
    protected _response: IncomingMessage | null;
    protected _responseHeaders: IncomingHttpHeaders | null;
    protected _responseParts: Buffer[] | null;
    protected _loadedBytes: number;
    abort(): void;
    getAllResponseHeaders(): string;
    send(data?: unknown): void;
    setRequestHeader(name: string, value: string): void;
    protected _dispatchProgress(type: string): void;
    protected _finalizeHeaders(): void;
    protected _onHttpRequestError(request: ClientRequest, error: Error): void;
    protected _onHttpResponse(request: ClientRequest, response: IncomingMessage): void;
    protected _onHttpResponseClose(response: IncomingMessage): void;
    protected _onHttpResponseData(response: IncomingMessage, data: Buffer): void;
    protected _onHttpResponseEnd(response: IncomingMessage): void;
    protected _parseResponseHeaders(response: IncomingMessage): void;
    protected _parseUrl(url: string): ParsedUrl;
    protected _sendHxxpRequest(): void;
    protected _setError(): void;
    protected _setReadyState(state: number): void;
  }

  /** The parts of a url that xhr2 reads, named as by `url.parse`. */
  export interface ParsedUrl {
    readonly protocol: string;
    readonly hostname: string;
    readonly port: string;
    readonly path: string;
    readonly href: string;
    readonly auth: string | null;
  }
}
