import { type Api, createApi, createSession, memoryStore, type Session, type SessionOptions } from 'renewal';
import { type FakeBackend, fakeBackend } from 'renewal/testing';
import type { Signal } from './server';
import { lineOf, ORIGIN } from './virtual';

export interface BackendClient {
  readonly backend: FakeBackend;
  readonly api: Api;
  readonly session: Session;
  /** Each request that reached the wire, in order. */
  readonly sent: string[];
}

/** The user's number `n` access token. */
export const accessToken = (n: number): string => `user.access.${n}`;

/**
 * A client of a server without sockets, signed in. Its tokens live until they are expired. Each of `paths` responds
 * with the token of its request.
 */
export const createBackendClient = (
  signal: Signal,
  paths: readonly string[],
  options: (backend: FakeBackend) => Partial<SessionOptions> = () => ({}),
): BackendClient => {
  const echo = ({ headers }: { readonly headers: Readonly<Record<string, string>> }) => ({
    by: headers.authorization?.replace('Bearer ', ''),
  });
  const backend = fakeBackend({
    signal: signal === 'HTTP 401' ? 'status' : 'code',
    routes: Object.fromEntries(paths.map((path) => [path, echo])),
  });
  const sent: string[] = [];
  const session = createSession({
    store: memoryStore(backend.issue()),
    refresh: backend.refresh,
    ...options(backend),
  });
  const api = createApi({
    baseUrl: ORIGIN,
    session,
    transport: (request) => {
      sent.push(lineOf(request));
      return backend.transport(request);
    },
  });
  return { backend, api, session, sent };
};
