import {
  type Api,
  createApi,
  createSession,
  memoryStore,
  type Session,
  type SessionOptions,
  type TokenGrant,
  type TokenStore,
} from 'renewal';
import { REFRESH, type TestServer } from './server';

export interface TestClient {
  readonly api: Api;
  readonly http: Api;
  readonly session: Session;
  readonly store: TokenStore;
}

/** A client whose session holds `T1` and `R1`, which the server takes for dead. */
export const createClient = (server: TestServer, options: Partial<SessionOptions> = {}): TestClient => {
  const store = options.store ?? memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
  const http = createApi({ baseUrl: server.origin });
  const session = createSession({
    refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
    ...options,
    store,
  });
  return { http, session, store, api: http.extend({ session }) };
};

/** What became of a request. */
export type Fate = { readonly value: unknown } | { readonly error: unknown };
