import fc from 'fast-check';
import { describePlan, plans } from './plan';
import { run } from './run';

/** Which plans are run: how many, and from which seed. With `path`, only the plan that failed with that seed. */
export interface Exploration {
  readonly runs: number;
  readonly seed?: number | undefined;
  readonly path?: string | undefined;
}

/**
 * Runs plans until a plan breaks an invariant. Returns a description of that plan, shrunk, with the command that
 * repeats it; or undefined.
 */
export const explore = async ({ runs, seed, path }: Exploration): Promise<string | undefined> => {
  const property = fc.asyncProperty(plans, async (plan) => {
    const wrongs = await run(plan);
    if (wrongs.length > 0) throw new Error(wrongs.slice(0, 3).join('\n'));
  });
  const found = await fc.check(property, {
    numRuns: runs,
    ...(seed !== undefined && { seed }),
    ...(path !== undefined && { path }),
  });
  if (!found.failed) return undefined;
  const [plan] = found.counterexample ?? [];
  const why = found.errorInstance instanceof Error ? found.errorInstance.message : `${found.errorInstance}`;
  return [
    why,
    ...(plan ? [describePlan(plan)] : []),
    `run ${found.numRuns}, seed ${found.seed}, path ${found.counterexamplePath}`,
    `to repeat it: npm run explore -- --seed=${found.seed} --path=${found.counterexamplePath}`,
  ].join('\n');
};
