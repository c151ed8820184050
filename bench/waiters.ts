// What a request that waits for a refresh costs: heap per waiter, and how the time to let one go grows with their number.
// Exits 1 where a waiter costs 2 KiB or more, or letting one of 100,000 go takes more than twice as long as one of 1,000.
import { createApi, createSession, type HttpResponse, memoryStore, type TokenGrant, type Transport } from 'renewal';
import { Observable, of, Subject, type Subscriber } from 'rxjs';

const MOST_BYTES = 2048;
const MOST_RATIO = 2;
const MANY = 100_000;
const FEW = 1_000;

const answer = (status: number): HttpResponse => ({
  type: 'response',
  status,
  statusText: '',
  headers: {},
  url: '',
  body: null,
});

/** Collects garbage until there is no more. */
const heapUsed = (): number => {
  if (!globalThis.gc) throw new Error('run me with node --expose-gc');
  for (let round = 0; round < 4; round++) globalThis.gc();
  return process.memoryUsage().heapUsed;
};

interface Measured {
  readonly bytes: number;
  readonly microseconds: number;
}

/** Lets `count` requests wait for one refresh, before they are sent or after they were refused, and lets them go. */
const measure = (count: number, wasSent: boolean, withHeap: boolean): Measured => {
  const refresh$ = new Subject<TokenGrant>();
  const sent: Subscriber<HttpResponse>[] = [];
  const session = createSession({
    refresh: () => refresh$,
    store: memoryStore({ accessToken: 'dead', refreshToken: 'r' }),
    refreshTimeoutMs: Infinity,
  });
  const transport: Transport = ({ headers }) => {
    if (headers.authorization !== 'Bearer dead') return of(answer(200));
    return wasSent ? new Observable((subscriber) => void sent.push(subscriber)) : of(answer(401));
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
  if (!wasSent) api.get$('/first').subscribe(caller);
  const before = withHeap ? heapUsed() : 0;
  const callers = Array.from({ length: count }, () => api.get$('/orders').subscribe(caller));
  for (const subscriber of sent.splice(0)) subscriber.next(answer(401));
  const bytes = withHeap ? (heapUsed() - before) / count : 0;

  const startedAt = performance.now();
  refresh$.next({ accessToken: 'live' });
  const microseconds = ((performance.now() - startedAt) * 1000) / count;
  const expected = callers.length + (wasSent ? 0 : 1);
  if (settled !== expected) throw new Error(`${settled} of ${expected} have settled`);
  return { bytes, microseconds };
};

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0;

let isGood = true;
for (const wasSent of [false, true]) {
  measure(FEW, wasSent, false);
  const { bytes } = measure(MANY, wasSent, true);
  // As many waiters in each figure, so that both have had as much garbage collected; in turn, so that both have had the same neighbours.
  const rounds = Array.from({ length: 5 }, () => ({
    many: measure(MANY, wasSent, false).microseconds,
    few: median(Array.from({ length: MANY / FEW }, () => measure(FEW, wasSent, false).microseconds)),
  }));
  const many = median(rounds.map((round) => round.many));
  const few = median(rounds.map((round) => round.few));
  const ratio = many / few;
  isGood &&= bytes < MOST_BYTES && ratio <= MOST_RATIO;
  console.log(
    `${wasSent ? 'refused' : 'held back'}: ${bytes.toFixed(0)} bytes per waiter; let go in ${many.toFixed(2)} µs each of ${MANY}, ` +
      `${few.toFixed(2)} µs each of ${FEW}: ratio ${ratio.toFixed(2)}`,
  );
}
process.exitCode = isGood ? 0 : 1;
