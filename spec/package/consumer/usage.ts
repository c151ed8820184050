import {
  type Api,
  type ApiOptions,
  ajaxTransport,
  createApi,
  createSession,
  isApiError,
  type Session,
  webStorageStore,
} from 'renewal';
import { recordTimeline, type Timeline, type TimelineElement } from 'renewal/devtools';
import type { Observable } from 'rxjs';

interface Order {
  id: number;
}

const options: ApiOptions = { baseUrl: 'https://shop.example', transport: ajaxTransport() };
const session: Session = createSession({
  store: webStorageStore(),
  refresh: ({ refreshToken }) => http.post$<{ accessToken: string }>('/app/renewal', { refreshToken }),
});
const http: Api = createApi(options);
export const api: Api = http.extend({ session });
export const orders$: Observable<Order[]> = api.get$<Order[]>('/orders');

export const timeline: Timeline = recordTimeline(api, { maxLanes: 50 }).timeline;

export function draw(element: TimelineElement): void {
  element.api = api;
}

export function explain(error: unknown): string {
  return isApiError(error, 'status') ? error.code : 'unknown';
}

// @ts-expect-error an unknown option: proves that the types are not any
createApi({ baseURL: 'https://shop.example' });
