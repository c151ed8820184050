import { inspect } from 'node:util';

const TOKEN = /\w+\.(access|refresh)\.\d+/;

/** What anyone who prints, logs or reports the value could read of it. */
const shown = (value: unknown): string[] => {
  const texts = [`${value}`, JSON.stringify(value), inspect(value), inspect(value, { depth: Infinity })];
  return value instanceof Error ? [...texts, value.message, `${value.stack}`, ...shown(value.cause)] : texts;
};

/** The tokens of the test server that can be read from what the values show. */
export const tokensShownBy = (values: readonly unknown[]): string[] =>
  values.flatMap(shown).flatMap((text) => text?.match(TOKEN)?.[0] ?? []);
