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

/** All texts that a logger finds which walks everything that it can reach, symbols and hidden properties too. */
export const textsWithin = (value: unknown): string[] => {
  const seen = new Set<unknown>();
  const texts: string[] = [];
  const walk = (item: unknown): void => {
    if (typeof item === 'string') texts.push(item);
    if (Object(item) !== item || seen.has(item)) return;
    seen.add(item);
    if (item instanceof Map || item instanceof Set) for (const entry of item) walk(entry);
    const found = item as object; // what is its own object is one
    for (const key of Reflect.ownKeys(found)) {
      try {
        walk(Reflect.get(found, key));
      } catch {
        // Such as the getters of a prototype.
      }
    }
  };
  walk(value);
  return texts;
};

/** The tokens of the test server, client keys and cookies that can be read from what the values show. */
export const tokensShownBy = (values: readonly unknown[]): string[] =>
  values.flatMap(shown).flatMap((text) => text?.match(SECRET)?.[0] ?? []);
