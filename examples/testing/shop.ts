// The app under test: its session, and a page that sends ten requests.
import {
  createApi,
  createSession,
  memoryStore,
  type Session,
  type SessionOptions,
  type TokenStore,
  type Transport,
} from 'renewal';
import { forkJoin, map, type Observable } from 'rxjs';

export interface Shop {
  readonly session: Session;
  /** Ten orders of a page. */
  readonly page$: Observable<readonly Order[]>;
}

export interface Order {
  readonly id: number;
}

/** What the server of the shop answers to a refresh. */
interface Renewed {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface ShopOptions {
  readonly transport: Transport;
  readonly store?: TokenStore;
  readonly onSessionExpired?: SessionOptions['onSessionExpired'];
}

export const createShop = ({ transport, store = memoryStore(), onSessionExpired = () => {} }: ShopOptions): Shop => {
  const http = createApi({ baseUrl: 'https://shop.example', transport });
  const session = createSession({
    store,
    onSessionExpired,
    refresh: ({ refreshToken }) =>
      http
        .post$<Renewed>('/refresh', { refreshToken })
        .pipe(map(({ accessToken, refreshToken }) => ({ accessToken, refreshToken }))),
  });
  const api = http.extend({ session });
  const ids = Array.from({ length: 10 }, (_, index) => index + 1);
  return { session, page$: forkJoin(ids.map((id) => api.get$<Order>('/orders', { params: { id } }))) };
};
