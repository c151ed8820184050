/** A duration option: `undefined` never erases the default; anything but a number of 0 or more is a mistake. */
export const durationMs = (name: string, value: number | undefined, fallback: number): number => {
  const ms = value ?? fallback;
  if (typeof ms !== 'number' || !(ms >= 0)) throw new TypeError(`${name}: expected milliseconds of 0 or more`);
  return ms;
};

/** Drops the keys that hold `undefined`, so that a spread of the rest erases no default. */
export const defined = <T extends object>(options: T): T =>
  // Leaving out keys whose value is undefined keeps every other key's type.
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
