import { inspect } from 'node:util';

const SECRET = /\w+\.(access|refresh|client|cookie)\.\d+/;

/** As JSON, with the bytes that are in it as text. */
const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_, item) => (item?.type === 'Buffer' ? `${Buffer.from(item.data)}` : item));

/** What anyone who prints, logs or reports the value could read of it. */
const shown = (value: unknown): string[] => {
  const texts = [`${value}`, jsonOf(value), inspect(value), inspect(value, { depth: Infinity })];
  return value instanceof Error ? [...texts, value.message, `${value.stack}`, ...shown(value.cause)] : texts;
};

/** The tokens of the test server, client keys and cookies that can be read from what the values show. */
export const tokensShownBy = (values: readonly unknown[]): string[] =>
  values.flatMap(shown).flatMap((text) => text?.match(SECRET)?.[0] ?? []);
