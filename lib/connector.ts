import { BehaviorSubject, defer, NEVER, Observable, type Subject, switchMap } from 'rxjs';
import type { RequestInput } from './http/build-request';
import { nowMs } from './http/clock';
import type { HttpContext } from './http/context';
import { emit } from './http/emit';
import { redactUrl } from './http/errors';
import type { Carried } from './http/internals';
import type { HttpRequest } from './http/request';
import type { Connection } from './http/settlement';
import type { StreamEvent } from './http/trace';
import { type FollowSignal, reasonOf } from './http/until-aborted';
import type { SessionCore } from './session/session-core';
import type { ApiEvent } from './session/state/events';

// What a stream has in common with its client.
export { retryAfterMs } from './http/retry-after';
export type { Connection } from './http/settlement';

/** How the requests of a connector differ from others. */
export interface ConnectionScope {
  /** Whether a response of 400 or above is a response too, with its stream as its body. */
  readonly isAnyStatus: boolean;
  /** The session whose tokens a request of this connector has carried first. */
  readonly carried: Carried | undefined;
  /** What {@link ConnectorParts.bind} has returned, for a request that is sent later. */
  readonly binding: object | undefined;
  readonly onRequest: (request: HttpRequest) => void;
  /** Called with the session whose token an attempt is about to carry. */
  readonly onToken: (carried: Carried) => void;
}

/** What a client keeps for its connectors. */
export interface ConnectorParts {
  /** Sends a request whose response is a stream, and emits its {@link Connection}. */
  readonly send$: (
    method: string,
    url: string | URL,
    input: RequestInput,
    scope: ConnectionScope,
  ) => Observable<Connection>;
  /** Binds a request of now to its session. */
  readonly bind: () => object | undefined;
  readonly followSignal: FollowSignal;
  readonly events: Subject<ApiEvent>;
  readonly nextStreamId: () => number;
  readonly observe$: ObserveStream | undefined;
}

/** The member of a client with its {@link ConnectorParts}: `renewal/stream` may be of another build. */
export const PARTS = Symbol.for('renewal.connector');

/**
 * The option of `createApi` with an {@link ObserveStream}, which `extend` keeps. For `renewal/angular`: zones, and
 * no streams on a server.
 */
export const OBSERVE_STREAM = Symbol.for('renewal.observe-stream');

/** Runs a stream: subscribes to it where and when its platform wants that. */
export interface ObserveStream {
  <T>(source$: Observable<T>, context: HttpContext | undefined): Observable<T>;
  /** Gets each request of a stream before its interceptors do. */
  readonly requests?: { add(request: HttpRequest): unknown };
}

/** What a stream reports of itself. */
export type StreamReport = Pick<StreamEvent, 'phase' | 'connection' | 'events' | 'delayMs' | 'error'>;

/** The requests of one stream, or of one `fetch`. */
export interface Connector {
  /**
   * Sends a request through interceptors and session. Emits at the head of the response, and completes. All requests of
   * a connector belong to one session: later ones error with `SessionExpiredError` or `SignedOutError` if it is gone.
   *
   * @param isAnyStatus - Whether a status of 400 or above is emitted too. If not, it is an `HttpStatusError`.
   */
  connect$(method: string, url: string | URL, input: RequestInput, isAnyStatus?: boolean): Observable<Connection>;
  /** Binds the requests to the session of now, however late they are sent. */
  bind(): void;
  /** Never emits. Errors with the reason of the signal once that is aborted. */
  aborted$(signal: AbortSignal | null | undefined): Observable<never>;
  /**
   * Never emits. Errors with `SessionExpiredError` or `SignedOutError` once the session, whose tokens a request of this
   * connector has carried, ends or changes hands.
   */
  readonly sessionEnd$: Observable<never>;
  /** Runs the whole stream as its client wants it. */
  observe$<T>(source$: Observable<T>, context: HttpContext | undefined): Observable<T>;
  /** Whether anyone listens to the events of the client. */
  readonly isObserved: boolean;
  /** Emits an event of the stream, after its first request was made. */
  report(report: StreamReport): void;
}

/** Throws a `TypeError` if the client is not one of `createApi`. */
export const createConnector = (api: object): Connector => {
  const { [PARTS]: parts } = Object(api) as { [PARTS]?: ConnectorParts };
  if (!parts) throw new TypeError('api: expected a client that createApi has made');
  const { send$, bind, followSignal, events, nextStreamId, observe$ } = parts;
  /** The session whose tokens a request has carried first. */
  const carried$ = new BehaviorSubject<Carried | undefined>(undefined);
  let binding: object | undefined;
  let request: HttpRequest | undefined;
  let streamId: number | undefined;
  let isStream = false;

  return {
    connect$: (method, url, input, isAnyStatus = false) =>
      defer(() =>
        send$(
          method,
          url,
          { ...input, responseType: 'stream' },
          {
            isAnyStatus,
            carried: carried$.value,
            binding,
            onRequest: (built) => {
              request = built;
              if (isStream) observe$?.requests?.add(built);
            },
            onToken: (carried) => carried$.value ?? carried$.next(carried),
          },
        ),
      ),
    bind: () => {
      binding = bind();
    },
    aborted$: (signal) =>
      new Observable((subscriber) => {
        const abort = () => subscriber.error(reasonOf(signal as AbortSignal)); // called only if there is one
        if (signal) return signal.aborted ? abort() : followSignal(signal, abort);
      }),
    // Only a session passes itself to `onToken`.
    sessionEnd$: carried$.pipe(switchMap((at) => (at ? (at.session as SessionCore).end$(at.sessionId) : NEVER))),
    observe$: (source$, context) => {
      isStream = true;
      return observe$?.(source$, context) ?? source$;
    },
    get isObserved() {
      return events.observed;
    },
    report: (report) => {
      if (!request || !events.observed) return;
      streamId ??= nextStreamId();
      const { method, url } = request;
      emit(events, { type: 'stream', streamId, method, url: redactUrl(url), ...report, atMs: nowMs() });
    },
  };
};
