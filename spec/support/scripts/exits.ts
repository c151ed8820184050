// Sends requests and never calls `process.exit`: the process ends by itself once nothing of renewal is left. Prints the
// outcomes of the requests, and the timers, connections and callbacks that were left after each step.
import { createApi, createSession, isApiError, memoryStore, type TokenGrant } from 'renewal';
import { lastValueFrom, map } from 'rxjs';

/** Longer than the timeout of the test. */
const LONG_MS = 300_000;

const [origin = '', accessToken = '', refreshToken = ''] = process.argv.slice(2);

const left: Record<string, readonly string[]> = {};
const note = (step: string): void => {
  left[step] = process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate|TCP/.test(name));
};

note('before');
const http = createApi({ baseUrl: origin, timeoutMs: LONG_MS });
const session = createSession({
  store: memoryStore({ accessToken, refreshToken, expiresInMs: LONG_MS }),
  refresh: (tokens) =>
    http
      .post$<TokenGrant>('/renewal', { refreshToken: tokens.refreshToken })
      .pipe(map((grant) => ({ ...grant, expiresInMs: LONG_MS }))),
  refreshTimeoutMs: LONG_MS,
});
const api = http.extend({ session });
api.events$.subscribe();
session.state$.subscribe();
note('made');

const ask = (id: number): Promise<string> =>
  lastValueFrom(api.get$(`/orders/${id}`)).then(
    () => 'answered',
    (error) => (isApiError(error) ? error.code : 'unknown'),
  );

const run = async (): Promise<void> => {
  const results = await Promise.all([1, 2, 3].map(ask));
  note('asked');
  const fresh = session.keepFresh$().subscribe();
  note('kept fresh');
  fresh.unsubscribe();
  note('no longer kept fresh');
  process.stdout.write(JSON.stringify({ results, left }));
};

run();
