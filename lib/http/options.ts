/** What is wrong with an option, in words of ours, which quote no value. */
export class OptionError extends TypeError {}

/** Refuses a wrong option with a `TypeError`, which names the option, says what was expected, and quotes no value. */
export function check(isRight: boolean, name: string, expected: string): asserts isRight {
  if (!isRight) throw new OptionError(`${name}: expected ${expected}`);
}

/** The options of a function, checked to be an object: `null`, a function or a list would lose them in silence. */
export const optionsOf = <T extends object>(options: T, name = 'options'): T => {
  check(typeof options === 'object' && options !== null && !Array.isArray(options), name, 'an object');
  return options;
};

/** What has one text that everyone expects. */
export const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** A function option, checked; `undefined` stands for none. */
export const checkFunction = (name: string, value: unknown): void =>
  check(value === undefined || typeof value === 'function', name, 'a function');

/** A text option, checked; `undefined` stands for none. */
export const checkText = (name: string, value: unknown): void =>
  check(value === undefined || (typeof value === 'string' && value !== ''), name, 'a string that is not empty');

/** A switch, checked; `undefined` stands for none. */
export const checkBoolean = (name: string, value: unknown): void =>
  check(value === undefined || typeof value === 'boolean', name, 'true or false');

/** A duration option, checked: anything but a number of 0 or more is a mistake. */
export const durationMs = (name: string, ms: unknown = 0): number => {
  check(typeof ms === 'number' && ms >= 0, name, 'a number of milliseconds, 0 or more');
  return ms as number; // as checked
};

/** A count option, checked: anything but a whole number of `least` or more, or `Infinity`, is a mistake. */
export const wholeNumber = (name: string, value: unknown, least: number): void =>
  check(
    typeof value === 'number' && value >= least && (value === Infinity || value % 1 === 0),
    name,
    `a whole number, ${least} or more`,
  );

/** A list option, checked. */
export const checkList = (name: string, list: unknown, isItem: (item: unknown) => boolean, expected: string): void =>
  check(Array.isArray(list) && list.every(isItem), name, `an array of ${expected}`);

/** Options without the keys that hold `undefined`. */
export type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** Drops the keys that hold `undefined`, so that a spread of the rest erases no default. */
export const defined = <T extends object>(options: T): Defined<T> =>
  // Leaving out keys whose value is undefined keeps every other key's type.
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>;
