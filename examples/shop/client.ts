import {
  type Api,
  ajaxTransport,
  createApi,
  createSession,
  envelope,
  memoryStore,
  type Session,
  type SessionExpiredError,
  type TokenGrant,
  type TokenStore,
  type Transport,
} from 'renewal';
import { firstValueFrom, map, type Observable } from 'rxjs';
import { CLIENT_KEY, type Credentials, type TokenPair } from './protocol';

export interface ShopClient {
  readonly api: Api;
  readonly session: Session;
  /** Resolves once the shop has accepted the credentials and the tokens are stored. */
  signIn(credentials: Credentials): Promise<void>;
}

/** Sets up a client for the shop. An app writes this once. */
export function createShopClient(
  baseUrl: string,
  onSessionExpired: (error: SessionExpiredError) => void,
  store: TokenStore = memoryStore(),
  transport: Transport = ajaxTransport(),
): ShopClient {
  const http = createApi({ baseUrl, interceptors: [envelope()], transport });
  const requestTokens$ = (path: string, body: object): Observable<TokenGrant> =>
    http.post$<TokenPair>(path, body).pipe(map(({ token, refreshToken }) => ({ accessToken: token, refreshToken })));

  const session = createSession({
    store,
    refresh: ({ refreshToken }) => requestTokens$('/app/renewal', { authorization: CLIENT_KEY, refreshToken }),
    onSessionExpired,
  });

  return {
    api: http.extend({ session }),
    session,
    signIn: async (credentials) => session.signIn(await firstValueFrom(requestTokens$('/app/login', credentials))),
  };
}
