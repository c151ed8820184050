import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Echo, REFRESH, SIGNALS, startServer, type TestServer } from '../support/server';
import { createExpiredClient, errorsOf, paths, settleAll } from '../support/server-client';

const COUNT = 100;
const T1 = 'a.access.1';

/** Numbers from 0 up to 1 that a seed repeats (the Lehmer generator). */
const createRandom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

const shuffled = <T>(items: readonly T[], random: () => number): T[] =>
  items
    .map((item) => ({ item, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);

/** Cuts the items into runs of one to five. */
const inRuns = <T>(items: readonly T[], random: () => number): T[][] => {
  const runs: T[][] = [];
  for (let at = 0; at < items.length; at += runs.at(-1)?.length ?? 1) {
    runs.push(items.slice(at, at + 1 + Math.floor(random() * 5)));
  }
  return runs;
};

const seeds = Array.from({ length: 50 }, (_, index) => 1_000 + 7_919 * index);

describe.each(SIGNALS)('a storm of 100 requests, by %s', (signal) => {
  let server: TestServer;

  beforeEach(async () => {
    server = await startServer(signal);
  });
  afterEach(() => server.close());

  it.each(seeds)('is one refresh and no failure in whatever order the answers come (seed %i)', async (seed) => {
    const random = createRandom(seed);
    const { api, answered } = createExpiredClient(server);
    const dead = server.hold(({ token }) => token === T1);
    const refresh = server.hold(({ path }) => path === REFRESH);
    const fates = settleAll(paths(COUNT).map((path) => api.get$<Echo>(path)));
    await dead.arrived(COUNT);

    // Before the first of them there is no refresh that could be answered.
    const [first = '', ...rest] = shuffled(paths(COUNT), random);
    dead.open(({ path }) => path === first);
    await refresh.arrived(1);
    for (const run of inRuns(shuffled([...rest, REFRESH], random), random)) {
      for (const released of run) {
        const gate = released === REFRESH ? refresh : dead;
        gate.open(({ path }) => path === released);
      }
      await Promise.all(run.map((path) => answered(path)));
    }

    expect(errorsOf(await fates)).toEqual(Array(COUNT).fill(undefined));
    expect(server.refreshes).toBe(1);
    expect(server.hits).toHaveLength(2 * COUNT);
    for (const path of paths(COUNT)) expect(server.tokensOf(path)).toEqual([T1, 'a.access.2']);
  });
});
