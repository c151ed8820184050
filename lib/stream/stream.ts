import { type AnyApiError, type Api, HttpStatusError, isApiError, NetworkError } from 'renewal';
import {
  asyncScheduler,
  concatMap,
  defer,
  EMPTY,
  merge,
  Observable,
  Subject,
  type Subscriber,
  take,
  takeUntil,
  tap,
  throttleTime,
  throwError,
} from 'rxjs';
import { type Connection, type Connector, createConnector, type StreamReport } from '../connector';
import type { Format, Frame, Resumption } from './frame';
import { MAX_CHARACTERS } from './lines';
import { type Settings, type StreamOptions, toSettings } from './options';
import { read$ } from './read';
import { isTransient, pause$, pauseMs } from './reconnect';
import { toValue } from './to-value';

const REPORT_INTERVAL_MS = 100;

/** UTF-8, each byte a character: headers hold Latin-1. */
const toBytes = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text));

/** What a stream has done so far. */
interface Progress extends Resumption {
  connection: number;
  events: number;
  /** How many reconnections in a row have brought no event. */
  fruitless: number;
  /** How many events the last report has counted. */
  reported: number;
  /** Whether no connection follows, however this one ends. */
  isFinal: boolean;
}

/** The stream of one subscriber: its connections, one after another. */
const createStream = (connector: Connector, url: string | URL, settings: Settings, format: Format) => {
  const { method, attempts, signal, input, delayMs: retryMs, maxDelayMs, lastEventId } = settings;
  const progress: Progress = {
    lastEventId,
    retryMs,
    connection: 0,
    events: 0,
    fruitless: 0,
    reported: 0,
    isFinal: false,
  };

  const report = (phase: StreamReport['phase'], error?: unknown, details?: Pick<StreamReport, 'delayMs'>): void => {
    const { connection, events } = progress;
    progress.reported = events;
    const code = isApiError(error) ? error.code : 'unknown';
    connector.report({ phase, connection, events, ...details, ...(error !== undefined && { error: code }) });
  };

  const delivered = new Subject<void>();
  /** The first event of a while at once, and the count at its end. */
  const reports$ = delivered.pipe(throttleTime(REPORT_INTERVAL_MS, asyncScheduler, { leading: true, trailing: true }));

  const count = (): void => {
    progress.fruitless = 0;
    progress.events++;
    if (connector.isObserved) delivered.next();
  };

  const open = ({ request, response }: Connection): Observable<unknown> => {
    const { status, headers, body } = response;
    const head = { request, response: { ...response, body: null } };
    const fail = (what: string): Error => {
      progress.isFinal = true;
      return new NetworkError(what, head);
    };
    const type = (headers['content-type'] ?? '').replace(/;.*/s, '').trim();
    const isWrong = !format.types.test(type);
    if (status !== 200 || isWrong) {
      progress.isFinal = true;
      body?.cancel().catch(() => {});
      if (status === 204) return EMPTY;
      return throwError(() =>
        status === 200
          ? fail(`its content type is ${type || 'missing'}, expected ${format.accept}`)
          : new HttpStatusError(request, head.response),
      );
    }
    report('opened');
    const parse = format.createParser(
      () => fail(`an event or line has more than ${MAX_CHARACTERS} characters`),
      progress,
    );
    const toEvent = async (frame: Frame) => {
      // What a schema throws ends the stream, a `NetworkError` too: the next connection would leave the event out.
      progress.isFinal = true;
      const value = await toValue(frame.data, head, settings);
      progress.isFinal = false;
      return format.wrap(value, frame);
    };
    return body ? read$(body, request, parse, toEvent) : EMPTY;
  };

  const connect = (subscriber: Subscriber<unknown>): void => {
    const resume = progress.lastEventId && { 'last-event-id': toBytes(progress.lastEventId) };
    const isFirst = !progress.connection++;
    const end = (error?: AnyApiError): void => {
      if (!progress.isFinal && progress.fruitless < attempts && isTransient(error, isFirst)) {
        const delayMs = pauseMs(error, ++progress.fruitless, progress.retryMs, maxDelayMs);
        report('reconnecting', error, { delayMs });
        const pause = pause$(delayMs).pipe(take(1));
        subscriber.add(pause.subscribe(() => connect(subscriber)));
      } else if (error === undefined) subscriber.complete();
      else subscriber.error(error);
    };
    const events$ = connector
      .connect$(method, url, { ...input, headers: { ...input.headers, ...resume } })
      .pipe(concatMap(open), tap(count));
    subscriber.add(
      events$.subscribe({
        next: (event) => subscriber.next(event),
        // A schema or an interceptor may throw anything, and `undefined` too.
        error: (error) => (isApiError(error) ? end(error) : subscriber.error(error)),
        complete: end,
      }),
    );
  };

  let failure: unknown;
  return new Observable((subscriber) => {
    subscriber.add(reports$.subscribe(() => progress.reported === progress.events || report('events')));
    connect(subscriber);
  }).pipe(
    // Subscribed to before the first request.
    takeUntil(merge(connector.sessionEnd$, connector.aborted$(signal))),
    tap({
      error: (error = null) => {
        failure = error;
      },
      finalize: () => report('ended', failure),
    }),
  );
};

/** A stream of this format. Cold: each subscription opens its own. */
export const stream$ = (
  api: Api,
  url: string | URL,
  options: StreamOptions<never>,
  format: Format,
): Observable<unknown> =>
  defer(() => {
    const settings = toSettings(options, format);
    const connector = createConnector(api);
    return connector.observe$(createStream(connector, url, settings, format), options.context);
  });
