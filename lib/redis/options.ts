/** Throws a `TypeError` for a wrong option. It names the option and quotes no value. */
export function check(isRight: boolean, name: string, expected: string): asserts isRight {
  if (!isRight) throw new TypeError(`${name}: expected ${expected}`);
}

/** Whether the value has methods of these names. */
export const hasMethods = (value: unknown, ...names: readonly string[]): boolean =>
  names.every((name) => typeof Object(value)[name] === 'function');

export const checkObject = (options: unknown, name = 'options'): void =>
  check(typeof options === 'object' && options !== null && !Array.isArray(options), name, 'an object');

/** A number of `min` or more; `Infinity` is one. */
export const checkNumber = (name: string, value: unknown, min: number): void =>
  check(typeof value === 'number' && value >= min, name, `a number, ${min} or more`);
