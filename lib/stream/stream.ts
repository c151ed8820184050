import { type Api, HttpStatusError, NetworkError } from 'renewal';
import {
  asyncScheduler,
  concatMap,
  defer,
  EMPTY,
  Observable,
  type Subscriber,
  take,
  takeUntil,
  tap,
  throwError,
} from 'rxjs';
import { type Connection, type Connector, codeOf, createConnector, redactUrl, type StreamReport } from '../connector';
import type { Format, Frame } from './frame';
import { MAX_CHARACTERS } from './lines';
import { type Settings, type StreamOptions, toSettings } from './options';
import { read$ } from './read';
import { isTransient, pause$, pauseMs } from './reconnect';
import { toValue } from './to-value';

const MIN_REPORT_INTERVAL_MS = 100;

/** UTF-8, each byte a character: headers hold Latin-1. */
const toBytes = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text));

/** The stream of one subscriber: its connections, one after another. */
class Stream {
  readonly #resumption;
  #counts = { connection: 0, events: 0 };
  /** How many reconnections in a row have brought no event. */
  #fruitless = 0;
  #reportedAtMs = 0;
  /** Whether no connection follows, however this one ends. */
  #isFinal = false;

  constructor(
    readonly connector: Connector,
    readonly url: string | URL,
    readonly settings: Settings,
    readonly format: Format,
  ) {
    const { lastEventId, delayMs } = settings;
    this.#resumption = { lastEventId, retryMs: delayMs };
  }

  /** Emits the events of all connections. */
  run$(): Observable<unknown> {
    let failure: Pick<StreamReport, 'error'> | undefined;
    return new Observable((subscriber) => this.#connect(subscriber)).pipe(
      // Subscribed to before the first request.
      takeUntil(this.connector.sessionEnd$),
      tap({
        error: (error) => {
          failure = { error: codeOf(error) };
        },
        finalize: () => this.#report('ended', failure),
      }),
    );
  }

  #connect(subscriber: Subscriber<unknown>): void {
    const { connector, url, settings } = this;
    const { method, attempts, input } = settings;
    const { lastEventId } = this.#resumption;
    const headers = { ...input.headers, ...(lastEventId && { 'last-event-id': toBytes(lastEventId) }) };
    const isFirst = !this.#counts.connection++;
    const end = (error?: unknown): void => {
      if (this.#isFinal || this.#fruitless >= attempts || !isTransient(error, isFirst)) {
        if (error === undefined) subscriber.complete();
        else subscriber.error(error);
        return;
      }
      const delayMs = pauseMs(error, ++this.#fruitless, this.#resumption.retryMs, settings.maxDelayMs);
      this.#report('reconnecting', { delayMs, ...(error !== undefined && { error: codeOf(error) }) });
      subscriber.add(
        pause$(delayMs, input.signal)
          .pipe(take(1))
          .subscribe(() => this.#connect(subscriber)),
      );
    };
    const connection$ = connector.connect$(method, url, { ...input, headers });
    subscriber.add(
      connection$
        .pipe(
          concatMap((connection) => this.#read$(connection)),
          tap(() => this.#count()),
        )
        .subscribe({ next: (event) => subscriber.next(event), error: end, complete: end }),
    );
  }

  #read$({ request, response }: Connection): Observable<unknown> {
    const { settings, format } = this;
    const { status, headers, body } = response;
    const head = { request, response: { ...response, body: null } };
    const fail = (what: string): Error => {
      this.#isFinal = true;
      return new NetworkError(what, head);
    };
    const type = (headers['content-type'] ?? '').replace(/;.*/s, '').trim();
    if (status !== 200 || !format.types.test(type)) {
      body?.cancel().catch(() => {});
      const fault =
        status === 200
          ? fail(`its content type is ${type || 'missing'}, expected ${format.accept}`)
          : new HttpStatusError(request, head.response);
      this.#isFinal = true;
      return status === 204 ? EMPTY : throwError(() => fault);
    }
    this.#report('opened');
    if (!body) return EMPTY;
    const parse = format.createParser(
      () => fail(`an event or line has more than ${MAX_CHARACTERS} characters`),
      this.#resumption,
    );
    const toEvent = async (frame: Frame) => format.wrap(await toValue(frame.data, head, settings), frame);
    return read$(body, request, parse, toEvent, settings.input.signal);
  }

  #count(): void {
    this.#fruitless = 0;
    this.#counts.events++;
    const nowMs = this.connector.isObserved ? asyncScheduler.now() : this.#reportedAtMs;
    // Absolute, as the clock may be set back.
    if (Math.abs(nowMs - this.#reportedAtMs) < MIN_REPORT_INTERVAL_MS) return;
    this.#reportedAtMs = nowMs;
    this.#report('events');
  }

  #report(phase: StreamReport['phase'], details?: Pick<StreamReport, 'delayMs' | 'error'>): void {
    this.connector.report({ phase, ...this.#counts, ...details });
  }
}

/** A stream of this format. Cold: each subscription opens its own. */
export const stream$ = (
  api: Api,
  url: string | URL,
  options: StreamOptions<never>,
  format: Format,
): Observable<unknown> =>
  defer(() => {
    const connector = createConnector(api);
    const settings = toSettings(redactUrl(`${url}`), options, format);
    return connector.observe$(new Stream(connector, url, settings, format).run$(), options.context);
  });
