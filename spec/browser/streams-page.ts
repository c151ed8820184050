import { type ApiEvent, createApi, createSession, fetchTransport, memoryStore } from 'renewal';
import { sse$ } from 'renewal/stream';
import { of, type Subscription } from 'rxjs';

/** What the page did and saw. */
export interface StreamsPage {
  readonly ids: string[];
  readonly errors: string[];
  readonly reports: string[];
  open(delayMs?: number): void;
  close(): void;
  signOut(): Promise<void>;
}

declare global {
  var streams: StreamsPage;
}

const session = createSession({
  store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
  refresh: () => of({ accessToken: 'T2' }),
});
const api = createApi({ session, transport: fetchTransport() });
let subscription: Subscription | undefined;

globalThis.streams = {
  ids: [],
  errors: [],
  reports: [],
  open: (delayMs = 0) => {
    subscription = sse$(api, '/events', { reconnect: { delayMs, maxDelayMs: delayMs } }).subscribe({
      next: ({ id }) => streams.ids.push(id),
      error: ({ code }) => streams.errors.push(code),
    });
  },
  close: () => subscription?.unsubscribe(),
  signOut: () => session.signOut(),
};
api.events$.subscribe((event: ApiEvent) => event.type === 'stream' && streams.reports.push(event.phase));
