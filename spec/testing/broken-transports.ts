import { fetchTransport, type HttpEvent, type HttpRequest, type HttpResponse, type Transport } from 'renewal';
import { catchError, EMPTY, filter, map, mergeMap, Observable, of, shareReplay, startWith, tap } from 'rxjs';

const right = fetchTransport();

/** A transport that sends a changed request. */
const sending =
  (change: (request: HttpRequest) => HttpRequest): Transport =>
  (request) =>
    right(change(request));

/** A transport that changes its response. */
const receiving =
  (change: (response: HttpResponse, request: HttpRequest) => HttpResponse): Transport =>
  (request) =>
    right(request).pipe(map((event) => (event.type === 'response' ? change(event, request) : event)));

const TEXT = Symbol.for('renewal.json-text');

/** Answers each request with the first response. */
const createCaching = (): Transport => {
  const first = new Map<string, Observable<HttpEvent>>();
  return (request) => {
    const { origin } = new URL(request.url);
    const known = first.get(origin) ?? right(request).pipe(shareReplay());
    first.set(origin, known);
    return known;
  };
};

/** Reads what arrives, and takes a broken body for its end. */
const readParts = async (request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> => {
  const { status, headers, body, url } = await fetch(request.url, {
    method: request.method,
    headers: request.headers,
    body: request.body as BodyInit | null,
    signal,
  });
  let text = '';
  try {
    for await (const chunk of (body ?? []) as unknown as AsyncIterable<Uint8Array>)
      text += new TextDecoder().decode(chunk);
  } catch {
    // The end, as it seems.
  }
  return {
    type: 'response',
    status,
    statusText: '',
    headers: Object.fromEntries(headers),
    url,
    body: text ? { [TEXT]: text } : null,
  };
};

/** Transports that break a law each, as others have got them wrong, with what a failure has to say. */
export const BROKEN_TRANSPORTS: readonly (readonly [string, RegExp, Transport])[] = [
  [
    'forgets the query',
    /path, query and headers/,
    sending((request) => ({ ...request, url: request.url.replace(/\?.*/, '') })),
  ],
  ['sends each request as GET', /method, path/, sending((request) => ({ ...request, method: 'GET', body: null }))],
  ['forgets the headers', /method, path, query and headers/, sending((request) => ({ ...request, headers: {} }))],
  ['forgets the body', /a text byte for byte/, sending((request) => ({ ...request, body: null }))],
  [
    'sends bytes as a text',
    /sends bytes as they are/,
    sending((request) => ({
      ...request,
      body: request.body instanceof ArrayBuffer ? new TextDecoder().decode(request.body) : request.body,
    })),
  ],
  [
    'sends before anyone subscribes',
    /requests before a subscription/,
    (request) => {
      const shared$ = right(request).pipe(shareReplay());
      shared$.subscribe({ error: () => {} });
      return shared$;
    },
  ],
  [
    'errors for a status of 400 or above',
    /status 404/,
    (request) =>
      right(request).pipe(
        tap((event) => {
          if (event.type === 'response' && event.status >= 400) throw new Error(`status ${event.status}`);
        }),
      ),
  ],
  [
    'never completes',
    /the end of the request/,
    (request) =>
      new Observable((subscriber) =>
        right(request).subscribe({
          next: (event) => subscriber.next(event),
          error: (error) => subscriber.error(error),
        }),
      ),
  ],
  [
    'has header names in upper case',
    /status 200/,
    receiving((response) => ({
      ...response,
      headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name.toUpperCase(), value])),
    })),
  ],
  [
    'fails for a text that is not JSON',
    /a text that is not JSON/,
    receiving((response) => {
      const text = Object(response.body)[TEXT];
      return { ...response, body: text ? JSON.parse(text) : response.body };
    }),
  ],
  ['decodes all as JSON', /decodes a text/, sending((request) => ({ ...request, responseType: 'json' }))],
  [
    'has an empty text as the body of no content',
    /as the body of GET 204/,
    receiving((response) => ({ ...response, body: response.body ?? '' })),
  ],
  [
    'goes on when it is unsubscribed',
    /the end of the connection/,
    (request) =>
      new Observable((subscriber) => {
        right(request).subscribe({
          next: (event) => subscriber.next(event),
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        });
      }),
  ],
  [
    'has errors of its own',
    /expected a NetworkError/,
    (request) =>
      right(request).pipe(
        catchError(() => {
          throw new TypeError('fetch failed');
        }),
      ),
  ],
  [
    'completes without a response if the connection breaks',
    /expected an error/,
    (request) => right(request).pipe(catchError(() => EMPTY)),
  ],
  [
    'emits a part of a body that breaks',
    /emits no part/,
    (request) =>
      request.responseType === 'json'
        ? new Observable<HttpEvent>((subscriber) => {
            const controller = new AbortController();
            subscriber.add(() => controller.abort());
            readParts(request, controller.signal).then(
              (event) => {
                subscriber.next(event);
                subscriber.complete();
              },
              (error) => subscriber.error(error),
            );
          })
        : right(request),
  ],
  [
    'shows the headers in its errors',
    /no header in the error/,
    (request) =>
      right(request).pipe(
        catchError((error) => {
          throw Object.assign(error, { message: `${error.message} ${JSON.stringify(request.headers)}` });
        }),
      ),
  ],
  [
    'reports what nobody wants',
    /events if none are wanted/,
    (request) => right(request).pipe(startWith({ type: 'sent' as const })),
  ],
  [
    'reports no progress',
    /the first event/,
    (request) => right(request).pipe(filter(({ type }) => type === 'response')),
  ],
  [
    'emits the response twice',
    /expected one response/,
    (request) => right(request).pipe(mergeMap((event) => (event.type === 'response' ? of(event, event) : of(event)))),
  ],
  [
    'changes the request',
    /leaves the request as it was/,
    (request) => {
      Object.assign(request, { url: request.url });
      return right(request);
    },
  ],
  ['keeps the first response', /each with its own response/, createCaching()],
  [
    'forgets the url after a redirect',
    /the url after the redirect/,
    receiving((response, { url }) => ({ ...response, url })),
  ],
];
