/** A duration option, checked: anything but a number of 0 or more is a mistake. */
export const durationMs = (name: string, ms: unknown = 0): number => {
  if (typeof ms === 'number' && ms >= 0) return ms;
  throw new TypeError(`${name}: not a number of milliseconds`);
};

/** A count option, checked: anything but a whole number of `least` or more, or `Infinity`, is a mistake. */
export const wholeNumber = (name: string, value: unknown, least: number): void => {
  if (typeof value === 'number' && value >= least && (value === Infinity || value % 1 === 0)) return;
  throw new TypeError(`${name}: not a whole number of ${least} or more`);
};

/** Drops the keys that hold `undefined`, so that a spread of the rest erases no default. */
export const defined = <T extends object>(options: T): T =>
  // Leaving out keys whose value is undefined keeps every other key's type.
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
