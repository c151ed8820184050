import { inspect } from 'node:util';
import {
  type Api,
  type ApiOptions,
  createApi,
  createSession,
  type HttpRequest,
  memoryStore,
  type Session,
} from 'renewal';
import { config, type Observable, of } from 'rxjs';
import { vi } from 'vitest';
import { ORIGIN, response } from './virtual';

/** The notifications of a request so far. */
export interface Outcome {
  readonly values: unknown[];
  error?: unknown;
  isComplete?: true;
}

/** Subscribes, and records every notification. */
export const outcomeOf = (source$: Observable<unknown>): Outcome => {
  const outcome: Outcome = { values: [] };
  source$.subscribe({
    next: (value) => outcome.values.push(value),
    error: (error) => {
      outcome.error = error;
    },
    complete: () => {
      outcome.isComplete = true;
    },
  });
  return outcome;
};

/** The outcome of a request that emits `value` and completes. */
export const completedWith = (value: unknown): Outcome => ({ values: [value], isComplete: true });

export interface Recorder {
  readonly api: Api;
  /** The requests that reached the transport, in order. */
  readonly requests: readonly HttpRequest[];
}

/** A client whose transport responds synchronously and records every request. */
export const createRecorder = (options: ApiOptions = {}): Recorder => {
  const requests: HttpRequest[] = [];
  const { transport = () => of(response(200, 'body')), ...others } = options;
  const api = createApi({
    baseUrl: ORIGIN,
    ...others,
    transport: (request) => {
      requests.push(request);
      return transport(request);
    },
  });
  return { api, requests };
};

/** A signed-in session with the live token `T1`. */
export const createSignedIn = (): Session =>
  createSession({ refresh: () => of({ accessToken: 'T2' }), store: memoryStore({ accessToken: 'T1' }) });

/** Every text that a console, a log or a report could show of a value. */
export const shownOf = (value: unknown): string =>
  [
    inspect(value, { depth: 20, getters: true }),
    JSON.stringify(value),
    String(value),
    Object(value).message,
    Object(value).stack,
  ].join('\n');

/** Runs a test and then all timers; returns the errors that RxJS reported as unhandled, and those that were thrown. */
export const unhandledBy = (test: () => void): readonly unknown[] => {
  const unhandled: unknown[] = [];
  vi.useFakeTimers();
  config.onUnhandledError = (error) => unhandled.push(error);
  try {
    test();
    vi.runAllTimers();
  } catch (error) {
    unhandled.push(error);
  } finally {
    config.onUnhandledError = null;
    vi.useRealTimers();
  }
  return unhandled;
};
