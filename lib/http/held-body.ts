import type { Observable } from 'rxjs';
import type { HttpResponse } from './response';

/**
 * The stream that is the body of a response, until the caller gets it. The transport implements it, so that a client
 * without streams has none of its code.
 */
export interface HeldBody {
  /** All bytes, those that have been inspected included. */
  readonly body: object;
  /** Closes the connection, unless someone reads the stream. */
  cancel(): void;
  /** What a predicate sees of the response: its head, at once, and then its JSON, if that is small. */
  inspect$(response: HttpResponse): Observable<HttpResponse>;
  /**
   * The response as its caller gets it. The body of a status of 400 or above is read, because nobody would cancel the
   * stream of an error; any other one ends when `signal` is aborted.
   */
  deliver$(response: HttpResponse, signal: AbortSignal | undefined): Observable<HttpResponse>;
}
