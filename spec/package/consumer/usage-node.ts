// A project for Node, without `lib.dom`.
import {
  ajaxTransport,
  createApi,
  createSession,
  fetchTransport,
  type Session,
  type Transport,
  type WebStorageStoreOptions,
  webStorageStore,
} from 'renewal';
import { recordTimeline } from 'renewal/devtools';

const entries = new Map<string, string>();
const storage: WebStorageStoreOptions['storage'] = () => ({
  length: 0,
  key: () => null,
  clear: () => entries.clear(),
  getItem: (key) => entries.get(key) ?? null,
  setItem: (key, value) => void entries.set(key, value),
  removeItem: (key) => void entries.delete(key),
});

export const transports: Transport[] = [
  ajaxTransport({ maxResponseBytes: 1_000_000 }),
  fetchTransport({ fetch, maxResponseBytes: Infinity }),
];
export const session: Session = createSession({
  store: webStorageStore({ storage }),
  refresh: ({ refreshToken }) => api.post$<{ accessToken: string }>('/renew', { refreshToken }, { auth: false }),
});
export const api = createApi({ baseUrl: 'https://shop.example', transport: transports[0] ?? ajaxTransport() });
export const timeline = recordTimeline(api);

api.get$('/orders', { signal: AbortSignal.timeout(5_000), fetch: { cache: 'no-store' } }).subscribe();
api.get$('/video', { responseType: 'stream' }).subscribe((stream) => stream.cancel());
api.post$('/upload', new Blob(['a'])).subscribe();
api.post$('/upload', new URLSearchParams({ a: '1' })).subscribe();

// @ts-expect-error not a factory of XMLHttpRequests: proves that the option is not any
ajaxTransport({ createXHR: () => 1 });
