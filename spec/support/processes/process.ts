// What one process of a storm runs: a session over a shared store. An entry for a store calls `runProcess` alone.
import { createApi, createSession, isApiError, type Session, type TokenGrant, type TokenStore } from 'renewal';
import { catchError, filter, firstValueFrom, lastValueFrom, map, merge, type Observable, of, reduce } from 'rxjs';
import { type Command, NAME_HEADER, type ProcessOptions, REFRESH_PATH, type Reply, type RoundResult } from './protocol';

type Api = ReturnType<typeof createApi>;

const codeOf = (error: unknown): string => (isApiError(error) ? error.code : String(error));

const describeState = ({ state }: Session): string =>
  state.status === 'signed-out' ? `${state.status}: ${state.reason}` : state.status;

const playRound = async (
  api: Api,
  session: Session,
  requests: number,
  warnings: readonly string[],
): Promise<RoundResult> => {
  const startedAtMs = performance.now();
  const outcome$ = (nth: number): Observable<string> =>
    api.get$<{ nth: string }>(`/orders/${nth}`).pipe(
      map((order) => (order.nth === `${nth}` ? 'ok' : 'mixed up')),
      catchError((error) => of(codeOf(error))),
    );
  const count = (counts: Record<string, number>, outcome: string) => ({
    ...counts,
    [outcome]: (counts[outcome] ?? 0) + 1,
  });
  const all$ = merge(...Array.from({ length: requests }, (_, nth) => outcome$(nth)));
  const { ok = 0, ...failures } = await lastValueFrom(all$.pipe(reduce(count, {} as Record<string, number>)));
  return { ok, failures, tookMs: performance.now() - startedAtMs, state: describeState(session), warnings };
};

/** Runs the commands that the parent sends, until it disconnects. Then nothing keeps the process alive. */
export const runProcess = (makeStore: (place: string) => TokenStore): void => {
  const { name, place, base }: ProcessOptions = JSON.parse(process.argv[2] ?? '');
  const http = createApi({ baseUrl: base, headers: { [NAME_HEADER]: name } });
  const session = createSession({
    store: makeStore(place),
    refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH_PATH, { refreshToken }),
  });
  const api = http.extend({ session });
  let warnings: readonly string[] = [];
  api.events$.pipe(filter((event) => event.type === 'warning')).subscribe((event) => {
    warnings = [...warnings, JSON.stringify(event)];
  });

  const signedIn$ = session.state$.pipe(filter(({ status }) => status !== 'signed-out'));

  const run = async (command: Command): Promise<RoundResult | undefined> => {
    if (command.type === 'sign-in') await session.signIn(command.grant);
    if (command.type === 'sign-out') await session.signOut();
    if (command.type === 'await-sign-in') await firstValueFrom(signedIn$);
    if (command.type !== 'round') return undefined;
    const result = await playRound(api, session, command.requests, []);
    const since = warnings;
    warnings = [];
    return { ...result, warnings: since };
  };
  let commands = 0;
  process.on('message', async (command: Command) => {
    const nth = ++commands;
    const result = await run(command);
    process.send?.({ nth, result } satisfies Reply);
  });
};
