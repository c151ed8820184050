/** A complete response, whatever its status. */
export interface HttpResponse<T = unknown> {
  readonly type: 'response';
  readonly status: number;
  readonly statusText: string;
  /**
   * Names in lower case. Several `set-cookie`, if the platform shows them, are joined by `\n`; other repeated headers
   * by `, `.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** The url of the response, after redirects; empty if the platform does not report it. */
  readonly url: string;
  /** Decoded by `responseType`, or a stream; `null` for no content. */
  readonly body: T;
}

/** The request has been passed to the platform. Only with `reportProgress`. */
export interface HttpSentEvent {
  readonly type: 'sent';
}

/** Bytes transferred so far in one attempt; a replay starts at 0 again. Only with `reportProgress`. */
export interface HttpProgressEvent {
  readonly type: 'upload' | 'download';
  /** Bytes. */
  readonly loaded: number;
  /** Bytes, if known. */
  readonly total?: number;
}

/** The events of a handler: progress, if it was requested, then the response. */
export type HttpEvent<T = unknown> = HttpSentEvent | HttpProgressEvent | HttpResponse<T>;

/** Whether the content type is JSON (`application/json`, `application/problem+json` …). */
export const isJson = (response: HttpResponse): boolean =>
  /^[^;]*[/+]json\b/i.test(response.headers?.['content-type'] ?? '');
