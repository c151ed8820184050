// The cost of a request that waits for a refresh: heap per waiter, and how the release time grows with their number.
// Exits 1 if a waiter takes 2 KiB or more, or if the release of one of 100,000 takes over twice that of one of 1,000.
import { createApi, createSession, type HttpResponse, memoryStore, type TokenGrant, type Transport } from 'renewal';
import { Observable, of, Subject, type Subscriber } from 'rxjs';

const MAX_BYTES = 2048;
const MAX_RATIO = 2;
const MANY = 100_000;
const FEW = 1_000;

const response = (status: number): HttpResponse => ({
  type: 'response',
  status,
  statusText: '',
  headers: {},
  url: '',
  body: null,
});

/** Bytes of heap in use, after garbage collection. */
const heapUsed = (): number => {
  if (!globalThis.gc) throw new Error('gc: run this with node --expose-gc');
  for (let round = 0; round < 4; round++) globalThis.gc();
  return process.memoryUsage().heapUsed;
};

interface Measured {
  readonly bytes: number;
  readonly microseconds: number;
}

/** Makes `count` requests wait for one refresh, before they are sent or after a 401, and releases them. */
const measure = (count: number, wasRejected: boolean, withHeap: boolean): Measured => {
  const refresh$ = new Subject<TokenGrant>();
  const sent: Subscriber<HttpResponse>[] = [];
  const session = createSession({
    refresh: () => refresh$,
    store: memoryStore({ accessToken: 'expired', refreshToken: 'r' }),
    refreshTimeoutMs: Infinity,
  });
  const transport: Transport = ({ headers }) => {
    if (headers.authorization !== 'Bearer expired') return of(response(200));
    return wasRejected ? new Observable((subscriber) => void sent.push(subscriber)) : of(response(401));
  };
  const api = createApi({ baseUrl: 'https://api.test', session, transport });
  let settled = 0;
  const caller = {
    next: () => {
      settled++;
    },
    error: (error: unknown) => {
      throw error;
    },
  };
  if (!wasRejected) api.get$('/first').subscribe(caller);
  const before = withHeap ? heapUsed() : 0;
  const callers = Array.from({ length: count }, () => api.get$('/orders').subscribe(caller));
  for (const subscriber of sent.splice(0)) subscriber.next(response(401));
  const bytes = withHeap ? (heapUsed() - before) / count : 0;

  const startedAt = performance.now();
  refresh$.next({ accessToken: 'live' });
  const microseconds = ((performance.now() - startedAt) * 1000) / count;
  const expected = callers.length + (wasRejected ? 0 : 1);
  if (settled !== expected) throw new Error(`${settled} of ${expected} requests have settled`);
  return { bytes, microseconds };
};

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0;

let isGood = true;
for (const wasRejected of [false, true]) {
  measure(FEW, wasRejected, false);
  const { bytes } = measure(MANY, wasRejected, true);
  // Both figures have the same number of waiters, so equal garbage. They alternate, so both run under the same load.
  const rounds = Array.from({ length: 5 }, () => ({
    many: measure(MANY, wasRejected, false).microseconds,
    few: median(Array.from({ length: MANY / FEW }, () => measure(FEW, wasRejected, false).microseconds)),
  }));
  const many = median(rounds.map((round) => round.many));
  const few = median(rounds.map((round) => round.few));
  const ratio = many / few;
  isGood &&= bytes < MAX_BYTES && ratio <= MAX_RATIO;
  console.log(
    `${wasRejected ? 'rejected' : 'not sent yet'}: ${bytes.toFixed(0)} bytes per waiter; released in ` +
      `${many.toFixed(2)} µs each of ${MANY}, ` +
      `${few.toFixed(2)} µs each of ${FEW}: ratio ${ratio.toFixed(2)}`,
  );
}
process.exitCode = isGood ? 0 : 1;
