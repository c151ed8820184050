import type { Observable } from 'rxjs';
import type { HttpResponse } from './response';
import type { FollowSignal } from './until-aborted';

/**
 * The stream that is the body of a response, until the caller gets it. The transport implements it, so that a client
 * without streams has none of its code.
 */
export interface HeldBody {
  /** All bytes, those that have been inspected included. */
  readonly body: object;
  /** Closes the connection, unless someone reads the stream. */
  cancel(): void;
  /**
   * What a predicate sees of the response: its head, at once, and then its JSON, if that is small. The stream of the
   * response becomes the `body`.
   */
  inspect$(response: HttpResponse): Observable<HttpResponse>;
  /** The response as its caller gets it: its stream ends when `signal` is aborted. */
  deliver(response: HttpResponse, signal: AbortSignal | undefined, followSignal: FollowSignal): HttpResponse;
  /** The response with its body read, for an error: nobody would cancel the stream of that. */
  read$(response: HttpResponse): Observable<HttpResponse>;
}
