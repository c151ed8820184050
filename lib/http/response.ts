/** A complete answer, whatever its status. */
export interface HttpResponse<T = unknown> {
  readonly type: 'response';
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case. Several `set-cookie`, where the platform shows them, are joined by `\n`; other headers that repeat by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where the answer came from, after redirects; empty where the platform does not say. */
  readonly url: string;
  /** Decoded as `responseType` asks; `null` for no content. */
  readonly body: T;
}

/** The request has been handed to the wire. Only with `reportProgress`. */
export interface HttpSentEvent {
  readonly type: 'sent';
}

/** Bytes moved so far in one attempt; a second attempt starts again at 0. Only with `reportProgress`. */
export interface HttpProgressEvent {
  readonly type: 'upload' | 'download';
  /** Bytes. */
  readonly loaded: number;
  /** Bytes, where known. */
  readonly total?: number;
}

/** What a handler emits: progress, if it was asked for, then the answer. */
export type HttpEvent<T = unknown> = HttpSentEvent | HttpProgressEvent | HttpResponse<T>;

/** Whether the answer says that its body is JSON (`application/json`, `application/problem+json` …). */
export const isJson = (response: HttpResponse): boolean =>
  /^[^;]*[/+]json\b/i.test(response.headers?.['content-type'] ?? '');
