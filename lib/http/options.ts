/** A wrong option. The message is this package's own and quotes no value. */
export class OptionError extends TypeError {}

/** Throws a `TypeError` for a wrong option. It names the option, says what was expected, and quotes no value. */
export function check(isRight: boolean, name: string, expected: string): asserts isRight {
  if (!isRight) throw new OptionError(`${name}: expected ${expected}`);
}

/** Whether the value has a method of that name. */
export const hasMethod = (value: unknown, name: PropertyKey): boolean => typeof Object(value)[name] === 'function';

/** Whether the value has one obvious text. */
export const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** Throws an `OptionError` if an option cannot have the value; `undefined` means that it is not set. */
export type Check = (name: string, value: unknown) => void;

export const checkFunction: Check = (name, value) =>
  check(value === undefined || typeof value === 'function', name, 'a function');

export const checkText: Check = (name, value) =>
  check(value === undefined || (typeof value === 'string' && value !== ''), name, 'a string that is not empty');

export const checkBoolean: Check = (name, value) =>
  check(value === undefined || typeof value === 'boolean', name, 'true or false');

/** A duration: a number of 0 or more. */
export const checkMs: Check = (name, value) =>
  check(value === undefined || (typeof value === 'number' && value >= 0), name, 'a number of milliseconds, 0 or more');

/** A count: a whole number of `min` or more, or `Infinity`. */
export const checkCount =
  (min: number): Check =>
  (name, value = min) =>
    check(
      typeof value === 'number' && value >= min && (value === Infinity || value % 1 === 0),
      name,
      `a whole number, ${min} or more`,
    );

export const checkList =
  (expected: string, isItem: (item: unknown) => boolean): Check =>
  (name, list = []) =>
    check(Array.isArray(list) && list.every(isItem), name, `an array of ${expected}`);

export const checkFunctions: Check = (name, list) =>
  checkList('functions', (each) => typeof each === 'function')(name, list);

/**
 * Checks each option and returns the options. They have to be an object: the options of `null`, of a function or of a
 * list would be lost silently.
 */
export const checkOptions = <T extends object>(
  options: T,
  checks: { readonly [Name in keyof T]?: Check } = {},
  name = 'options',
): T => {
  check(typeof options === 'object' && options !== null && !Array.isArray(options), name, 'an object');
  for (const key in checks) checks[key]?.(key, options[key]);
  return options;
};

/** Options without the keys that hold `undefined`. */
export type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** Drops the keys that hold `undefined`, so that a spread of the rest erases no default. */
export const omitUndefined = <T extends object>(options: T): Defined<T> =>
  // Leaving out keys whose value is undefined keeps every other key's type.
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>;
