import { type HttpRequest, NetworkError } from 'renewal';
import { Observable } from 'rxjs';
import type { Frame, FrameParser } from './frame';

/**
 * Reads a body and emits a value for each of its frames. Reads the next chunk after `next` has returned for all frames
 * of the chunk before. Unsubscribing cancels the body, which closes its connection.
 */
export const read$ = (
  body: ReadableStream<Uint8Array>,
  request: HttpRequest,
  parse: FrameParser,
  toEvent: (frame: Frame) => Promise<unknown>,
): Observable<unknown> =>
  new Observable((subscriber) => {
    const reader = body.getReader();
    subscriber.add(() => {
      reader.cancel().catch(() => {});
    });
    const pump = async (): Promise<void> => {
      for (let isDone = false; !isDone; ) {
        const { done, value } = await reader.read().catch((error) => {
          // Only the message: Node adds a part of the response to its errors.
          const { message } = Object(error).cause ?? Object(error);
          throw new NetworkError('the connection broke', { request, cause: new Error(message) });
        });
        isDone = done;
        for (const frame of parse(value)) {
          // Re-entrancy: the stream may have ended during `next`, and during any `await`.
          if (subscriber.closed) return;
          subscriber.next(await toEvent(frame));
        }
      }
    };
    pump().then(
      () => subscriber.complete(),
      (error) => subscriber.error(error),
    );
  });
