/** Where laws are declared: vitest, jest, `node:test`, mocha. */
export interface LawRunner {
  describe(name: string, declare: () => void): unknown;
  it(title: string, run: () => Promise<void>): unknown;
}

/** How much of a value a message shows. */
const MAX_SHOWN = 300;

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? `${value}`;
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
};

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Whether two values are equal by their enumerable members; `undefined` members count as missing. */
export const isEqual = (one: unknown, other: unknown): boolean => {
  if (Object.is(one, other)) return true;
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) return false;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => isEqual(Reflect.get(one, name), Reflect.get(other, name)));
};

/** Throws an `Error` that says what was expected. */
export const expectThat = (isRight: boolean, message: string): void => {
  if (!isRight) throw new Error(message);
};

/** Throws an `Error` with both values if they differ. Laws use no tokens but their own. */
export const expectEqual = (actual: unknown, expected: unknown, what: string): void =>
  expectThat(isEqual(actual, expected), `${what}: expected ${show(expected)}, found ${show(actual)}`);
