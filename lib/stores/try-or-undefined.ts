/** Returns the value of `run`, or undefined if it throws. */
export const tryOrUndefined = <T>(run: () => T): T | undefined => {
  try {
    return run();
  } catch {
    return undefined;
  }
};
