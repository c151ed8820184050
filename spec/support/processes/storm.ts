import { setTimeout as wait } from 'node:timers/promises';
import { bundleProcess, type SessionProcess, startProcess } from './processes';
import type { RoundResult } from './protocol';
import { type Signal, startTokenServer, type TokenServer } from './token-server';

export interface StormOptions {
  /** The entry of a process, from the root of the repository: it calls `runProcess` with a store. */
  readonly entry: string;
  /** Where the store keeps the tokens: a fresh path, or key. */
  readonly place: string;
  readonly signal: Signal;
  readonly rounds: number;
  readonly processes?: number;
  readonly requests?: number;
  /** The longest time that a round may take: that of the lock and of the refresh. */
  readonly maxRoundMs?: number;
}

/**
 * Who is killed: the process that refreshes, before or after the server has rotated the tokens; one that waits for it;
 * or any process, at any time.
 */
type Victim = 'before-rotation' | 'after-rotation' | 'waiter' | 'any';

/** Every other round kills a process, with the next kind of victim. */
const VICTIMS: readonly Victim[] = ['before-rotation', 'after-rotation', 'waiter', 'any'];

/** How long the process that refreshes is stopped in every fifth round. */
const STOP_MS = 5_000;

/** How long a process may take to end by itself. */
const MAX_END_MS = 5_000;

export interface RoundPlan {
  readonly nth: number;
  readonly victim: Victim | undefined;
  readonly isStopped: boolean;
}

export const planOf = (nth: number): RoundPlan => ({
  nth,
  victim: nth % 2 === 0 ? VICTIMS[(nth / 2 - 1) % VICTIMS.length] : undefined,
  isStopped: nth % 5 === 0,
});

interface PlanReport {
  readonly rounds: number;
  readonly refreshes: number;
  readonly maxMs: number;
}

/** What a storm has shown. */
export interface StormReport {
  /** Everything that was not as it has to be. */
  readonly faults: readonly string[];
  readonly refreshes: number;
  /** By what was done to the processes: how many rounds and refreshes, and the longest round. */
  readonly plans: Readonly<Record<string, PlanReport>>;
  readonly warnings: number;
}

const describePlan = ({ victim, isStopped }: RoundPlan): string =>
  [victim && `killed: ${victim}`, isStopped && 'stopped'].filter(Boolean).join(', ') || 'undisturbed';

interface Disturbance {
  /** Resolves when nothing of the disturbance is left. */
  readonly done: () => Promise<unknown>;
  /** Whether a process was killed whose refresh the server had received. */
  readonly hasKilledHolder: () => boolean;
}

const NEVER: Promise<never> = new Promise(() => {});

/** Arranges that the server disturbs the processes of a round. */
const disturb = (
  { victim, isStopped }: RoundPlan,
  server: TokenServer,
  processes: readonly SessionProcess[],
): Disturbance => {
  const pending: Promise<unknown>[] = [];
  let isFirst = true;
  let killed: string | undefined;
  let holder: string | undefined;
  const byName = (name: string): SessionProcess | undefined => processes.find((each) => each.name === name);
  const kill = async (one: SessionProcess | undefined): Promise<void> => {
    killed = one?.name;
    await one?.kill();
  };
  const stop = async (one: SessionProcess | undefined): Promise<void> => {
    one?.stop();
    await wait(STOP_MS);
    one?.resume();
  };
  const onFirst = (name: string): boolean => {
    const isFirstNow = isFirst;
    isFirst = false;
    if (isFirstNow) holder = name;
    return isFirstNow;
  };
  const isOfHolder = victim === 'before-rotation' || victim === 'after-rotation';
  server.hooks = {
    received: async (name) => {
      if (!onFirst(name)) return true;
      const [waiter, another] = processes.filter((each) => each.name !== name);
      // A process that is killed is not stopped as well.
      if (isStopped) pending.push(stop(isOfHolder ? another : byName(name)));
      if (victim === 'waiter') pending.push(kill(waiter));
      if (victim !== 'before-rotation') return true;
      await kill(byName(name));
      return false;
    },
    rotated: async (name) => {
      if (victim !== 'after-rotation' || name !== holder) return;
      await kill(byName(name));
      await NEVER;
    },
  };
  if (victim === 'any') {
    const any = processes[Math.floor(Math.random() * processes.length)];
    pending.push(wait(Math.random() * 300).then(() => kill(any)));
  }
  return {
    done: () => Promise.all(pending),
    hasKilledHolder: () => killed !== undefined && killed === holder,
  };
};

/** What is wrong with a round, given that its plan was carried out. */
const faultsOf = (
  plan: RoundPlan,
  results: readonly (RoundResult | undefined)[],
  server: TokenServer,
  hasKilledHolder: boolean,
  { requests, maxRoundMs }: { readonly requests: number; readonly maxRoundMs: number },
): string[] => {
  const faults: string[] = [];
  const { refreshes, reuses } = server;
  const mayBeTwo = hasKilledHolder;
  const mustBeTwo = plan.victim === 'before-rotation' || plan.victim === 'after-rotation';
  if (refreshes !== (mustBeTwo ? 2 : 1) && !(mayBeTwo && refreshes === 2)) faults.push(`${refreshes} refreshes`);
  const isOver = reuses > 0;
  if (isOver && !hasKilledHolder) faults.push('a spent refresh token was presented');
  const alive = results.filter((result) => result !== undefined);
  for (const { ok, failures, tookMs, state } of alive) {
    const failed = JSON.stringify(failures);
    const isSignedOut = state.startsWith('signed-out');
    if (!isOver && (ok !== requests || isSignedOut)) faults.push(`${ok} of ${requests} requests, ${state}, ${failed}`);
    const ended = ok + (failures['session-expired'] ?? 0) + (failures['signed-out'] ?? 0);
    if (isOver && (ended !== requests || !isSignedOut)) faults.push(`after the sign-out: ${state}, ${failed}`);
    if (tookMs > maxRoundMs) faults.push(`took ${Math.round(tookMs)} ms`);
  }
  return faults;
};

/** What is wrong with how the processes have ended. One that is killed at any time may have replied before. */
const endsOf = (
  { victim }: RoundPlan,
  processes: readonly SessionProcess[],
  results: readonly (RoundResult | undefined)[],
): string[] => {
  const crashes = processes.flatMap(({ crash, output }) => (crash || output ? [`${crash} ${output}`] : []));
  const isOver = processes.some(({ isKilled }, index) => !results[index] && !isKilled);
  const killed = processes.filter(({ isKilled }) => isKilled).length;
  return [
    ...crashes,
    ...(isOver ? ['a process ended by itself'] : []),
    ...(killed === (victim ? 1 : 0) ? [] : [`${killed} processes were killed`]),
  ];
};

/** Runs rounds of a storm: in each, many processes send requests with a dead token, and some are killed or stopped. */
export const playStorm = async (options: StormOptions): Promise<StormReport> => {
  const { entry, place, signal, rounds, processes: count = 12, requests = 100, maxRoundMs = 25_000 } = options;
  const bundle = await bundleProcess(entry);
  const server = await startTokenServer(signal);
  let started = 0;
  const start = (): SessionProcess => startProcess(bundle, { name: `p${++started}`, place, base: server.base });
  let processes = Array.from({ length: count }, start);
  const faults: string[] = [];
  const plans: Record<string, PlanReport> = {};
  let refreshes = 0;
  let warnings = 0;

  const playRound = async (plan: RoundPlan): Promise<void> => {
    server.reset();
    server.expire();
    const disturbance = disturb(plan, server, processes);
    const results = await Promise.all(processes.map((each) => each.run({ type: 'round', requests })));
    await disturbance.done();
    const hasKilledHolder = disturbance.hasKilledHolder();
    const found = faultsOf(plan, results, server, hasKilledHolder, { requests, maxRoundMs });
    const name = describePlan(plan);
    const ends = endsOf(plan, processes, results);
    faults.push(...[...found, ...ends].map((fault) => `round ${plan.nth} (${name}): ${fault}`));
    refreshes += server.refreshes;
    const before = plans[name] ?? { rounds: 0, refreshes: 0, maxMs: 0 };
    plans[name] = {
      rounds: before.rounds + 1,
      refreshes: before.refreshes + server.refreshes,
      maxMs: Math.max(before.maxMs, ...results.map((result) => Math.round(result?.tookMs ?? 0))),
    };
    warnings += results.flatMap((result) => result?.warnings ?? []).length;
    processes = processes.map((each, index) => (results[index] && !each.isKilled ? each : start()));
  };

  try {
    for (let nth = 1; nth <= rounds; nth++) {
      // After a sign-out that the server has ordered, and at the start, one process signs in for all.
      if (nth === 1 || server.reuses > 0) {
        await processes[0]?.run({ type: 'sign-in', grant: server.issue() });
        await Promise.all(processes.map((each) => each.run({ type: 'await-sign-in' })));
      }
      await playRound(planOf(nth));
    }
    const endings = await Promise.race([
      Promise.all(processes.map((each) => each.end())),
      wait(2 * MAX_END_MS, undefined, { ref: false }),
    ]);
    if (!endings || Math.max(...endings) > MAX_END_MS) faults.push('a process did not end by itself');
  } finally {
    await Promise.all(processes.map((each) => each.kill()));
    await server.close();
  }
  return { faults, refreshes, plans, warnings };
};
