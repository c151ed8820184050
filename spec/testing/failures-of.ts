import type { LawRunner } from 'renewal/testing';

/** Declares laws, runs all of them at once, and resolves with the messages of those that do not hold. */
export const failuresOf = async (declare: (runner: LawRunner) => void): Promise<readonly string[]> => {
  const laws: { readonly title: string; readonly run: () => Promise<void> }[] = [];
  declare({
    describe: (_name, declareLaws) => declareLaws(),
    it: (title, run) => laws.push({ title, run }),
  });
  const failures = await Promise.all(
    laws.map(async ({ title, run }) => {
      try {
        await run();
        return [];
      } catch (error) {
        return [`${title}: ${(error as Error).message}`];
      }
    }),
  );
  return failures.flat();
};
