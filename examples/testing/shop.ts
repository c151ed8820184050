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
import { from, map, mergeMap, type Observable, toArray } from 'rxjs';

export interface Shop {
  readonly session: Session;
  /** The ten orders of a page. It sends five requests at a time. */
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
  const orders$ = from(ids).pipe(mergeMap((id) => api.get$<Order>('/orders', { params: { id } }), 5));
  return { session, page$: orders$.pipe(toArray()) };
};
