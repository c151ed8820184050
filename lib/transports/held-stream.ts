import {
  catchError,
  concat,
  concatMap,
  defer,
  finalize,
  from,
  map,
  type Observable,
  of,
  reduce,
  repeat,
  takeWhile,
  timeout,
} from 'rxjs';
import { parseJson } from '../http/body';
import { MAX_INSPECTED_BYTES, READ_TIMEOUT_MS } from '../http/download';
import type { HeldBody } from '../http/held-body';
import type { HttpResponse } from '../http/response';
import { type FollowSignal, reasonOf } from '../http/until-aborted';

type ByteStream = ReadableStream<Uint8Array>;

/** Cancels a stream, which closes its connection. Ignores a stream that is locked: its reader decides. */
const cancel = (stream: { cancel(): Promise<void> }): void => {
  stream.cancel().catch(() => {});
};

/**
 * The whole text of a stream; `undefined` if it has more than 64 kB, takes more than 5 s or breaks, or if someone reads
 * it. It is cancelled unless someone does.
 */
const readText$ = (open: () => ByteStream): Observable<string | undefined> =>
  defer(() => {
    const reader = open().getReader();
    const decoder = new TextDecoder();
    let size = 0;
    return defer(() => from(reader.read())).pipe(
      repeat(),
      takeWhile(({ done }) => !done),
      reduce((text, { value = new Uint8Array() }) => {
        size += value.byteLength;
        if (size > MAX_INSPECTED_BYTES) throw new RangeError();
        return text + decoder.decode(value, { stream: true });
      }, ''),
      timeout({ first: READ_TIMEOUT_MS }),
      finalize(() => cancel(reader)),
    );
  }).pipe(catchError(() => of(undefined)));

/** Whether the content type is JSON, and not lines or a sequence of it, and the length, if known, at most 64 kB. */
const isSmallJson = ({ headers }: HttpResponse): boolean =>
  /^[^;]*[/+]json\s*(;|$)/i.test(headers['content-type'] ?? '') &&
  !(Number(headers['content-length']) > MAX_INSPECTED_BYTES);

/** The body of a response of `fetch`. */
export class HeldStream implements HeldBody {
  constructor(public body: ByteStream) {}

  cancel(): void {
    cancel(this.body);
  }

  inspect$(response: HttpResponse): Observable<HttpResponse> {
    this.body = response.body as ByteStream;
    const head$ = of({ ...response, body: null });
    return isSmallJson(response) ? concat(head$, this.#inspectJson$(response)) : head$;
  }

  read$(response: HttpResponse): Observable<HttpResponse> {
    this.body = response.body as ByteStream;
    return readText$(() => this.body).pipe(
      map((text) => ({ ...response, body: parseJson(text ?? '') ?? (text || null) })),
    );
  }

  deliver(response: HttpResponse, signal: AbortSignal | undefined, followSignal: FollowSignal): HttpResponse {
    if (!signal || !response.body) return response;
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const controller = new AbortController();
    const unfollow = followSignal(signal, () => controller.abort(reasonOf(signal)));
    // The body may be an interceptor's own.
    (response.body as ByteStream).pipeTo(writable, { signal: controller.signal }).then(unfollow, unfollow);
    this.body = readable;
    return { ...response, body: this.body };
  }

  /** The response with its parsed JSON, and none if it is not JSON. */
  #inspectJson$(response: HttpResponse): Observable<HttpResponse> {
    return readText$(() => {
      const [start, whole] = this.body.tee();
      this.body = whole;
      return start;
    }).pipe(
      concatMap((text) => {
        const body = parseJson(text ?? '');
        return body === undefined ? [] : [{ ...response, body }];
      }),
    );
  }
}
