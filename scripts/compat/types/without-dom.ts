import {
  type Api,
  type ApiOptions,
  ajaxTransport,
  createApi,
  createSession,
  fetchTransport,
  isApiError,
  memoryStore,
  type Session,
  type TokenStore,
  webStorageStore,
} from 'renewal';
import { recordTimeline, type Timeline } from 'renewal/devtools';
import type { Observable } from 'rxjs';

interface Order {
  id: number;
}

const options: ApiOptions = { baseUrl: 'https://shop.example', transport: ajaxTransport() };
const http: Api = createApi(options);
const store: TokenStore = memoryStore({ accessToken: 'a' });
const session: Session = createSession({
  store,
  refresh: ({ refreshToken }) => http.post$<{ accessToken: string }>('/app/renewal', { refreshToken }),
});
export const other: TokenStore = webStorageStore({ key: 'tokens' });
export const api: Api = http.extend({ session, transport: fetchTransport() });
export const orders$: Observable<Order[]> = api.get$<Order[]>('/orders', { headers: { 'x-name': 'a' } });
export const sent$: Observable<Order> = api.post$<Order>('/orders', new Blob(['a']));
export const timeline: Timeline = recordTimeline(api, { maxLanes: 50 }).timeline;

export function explain(error: unknown): string {
  return isApiError(error, 'status') ? error.code : 'unknown';
}

// @ts-expect-error an unknown option: proves that the types are not any
createApi({ baseURL: 'https://shop.example' });
