import {
  type Api,
  createApi,
  createSession,
  type HttpRequest,
  type HttpResponse,
  memoryStore,
  type Session,
  type SessionOptions,
  type TokenGrant,
} from 'renewal';
import { type Observable, of } from 'rxjs';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { expect } from 'vitest';
import type { Signal } from './server';

/**
 * Runs a test in virtual time: the scheduler provides the timers and the clock of RxJS, and frames are milliseconds.
 */
export const virtually = (test: (helpers: RunHelpers) => void): void =>
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(test);

export const ORIGIN = 'https://api.test';

export const response = (status: number, body: unknown = null, headers: Record<string, string> = {}): HttpResponse => ({
  type: 'response',
  status,
  statusText: '',
  headers,
  url: '',
  body,
});

/** The response by which a server reports an expired token. */
export const expiredBy = (signal: Signal, details: object = {}): HttpResponse =>
  signal === 'HTTP 401' ? response(401, details) : response(200, { code: 1002, ...details });

/** A request in one line: method, path and token. */
export const lineOf = ({ method, url, headers }: HttpRequest): string =>
  `${method} ${url.replace(ORIGIN, '')} ${headers.authorization?.replace('Bearer ', '') ?? '-'}`;

export interface VirtualClient {
  readonly api: Api;
  readonly session: Session;
  /** Each request that reached the wire, in order. */
  readonly sent: string[];
}

/**
 * A client whose transport responds to dead tokens by `signal`, 401 by default; at once, or as `respond` says. A script
 * of single responses and no server: for tokens that are issued, rotated and expire, see `createBackendClient`.
 */
export const createVirtualClient = (
  options: Partial<SessionOptions> & {
    readonly signal?: Signal;
    readonly grant?: TokenGrant;
    readonly isDead?: (token: string) => boolean;
    readonly respond?: (request: HttpRequest, suggested: HttpResponse) => Observable<HttpResponse>;
  } = {},
): VirtualClient => {
  const {
    signal = 'HTTP 401',
    grant = { accessToken: 'T1', refreshToken: 'R1' },
    isDead = (token) => token === 'T1',
    respond = (_request, suggested) => of(suggested),
    ...session
  } = options;
  const sent: string[] = [];
  const made = createSession({ refresh: () => of({ accessToken: 'T2' }), store: memoryStore(grant), ...session });
  const api = createApi({
    baseUrl: ORIGIN,
    session: made,
    transport: (request) => {
      const line = lineOf(request);
      sent.push(line);
      const token = line.split(' ')[2] ?? '';
      return respond(request, isDead(token) ? expiredBy(signal, { dead: token }) : response(200, { by: token }));
    },
  });
  return { api, session: made, sent };
};
