import { type Api, createApi, type HttpRequest, type HttpResponse } from 'renewal';
import { from, type Observable } from 'rxjs';
import { utf8 } from './support';

/** One connection that a client has opened. */
export interface FakeConnection {
  readonly request: HttpRequest;
  readonly body: ReadableStream<Uint8Array>;
  /** Sends the text in one chunk. */
  send(text: string): void;
  end(): void;
  break(): void;
  /** Whether its reader has cancelled it. */
  readonly isCancelled: boolean;
  /** How often its reader has requested a chunk. */
  readonly pulls: number;
}

export const head = (body: unknown, init: Partial<HttpResponse> = {}): HttpResponse => ({
  type: 'response',
  status: 200,
  statusText: '',
  headers: { 'content-type': 'text/event-stream' },
  url: '',
  body,
  ...init,
});

/** A body that its test writes. */
const createBody = (request: HttpRequest) => {
  const state = { isCancelled: false, pulls: 0 };
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start: (started) => {
        controller = started;
      },
      pull: () => {
        state.pulls++;
      },
      cancel: () => {
        state.isCancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  const connection: FakeConnection = Object.assign(Object.create(state), {
    request,
    body,
    send: (text: string) => state.isCancelled || controller?.enqueue(utf8(text)),
    end: () => controller?.close(),
    break: () => controller?.error(new TypeError('terminated')),
  });
  return { body, connection };
};

export interface FakeStreams {
  readonly api: Api;
  readonly connections: FakeConnection[];
}

/**
 * A client whose transport opens streams that the test writes.
 *
 * @param respond - Another response to the n-th request, from 0; undefined for a stream.
 */
export const createStreams = (
  respond: (nth: number, request: HttpRequest) => Observable<HttpResponse> | HttpResponse | undefined = () => undefined,
  options: Parameters<typeof createApi>[0] = {},
): FakeStreams => {
  const connections: FakeConnection[] = [];
  const api = createApi({
    baseUrl: 'https://api.test',
    transport: (request) => {
      const { body, connection } = createBody(request);
      connections.push(connection);
      const response = respond(connections.length - 1, request) ?? head(body);
      return 'subscribe' in response ? response : from([response]);
    },
    ...options,
  });
  return { api, connections };
};

/** What a stream emits, as lines: data, errors by their codes, and the end. */
export const logOf = (stream$: Observable<unknown>) => {
  const log: unknown[] = [];
  const errors: { code?: string; message: string }[] = [];
  const subscription = stream$.subscribe({
    next: (event) => log.push(event),
    error: (error) => {
      errors.push(error);
      log.push(error?.code ?? error);
    },
    complete: () => log.push('complete'),
  });
  return { log, errors, subscription };
};
