import { inspect } from 'node:util';

const SECRET = /\w+\.(access|refresh|client|cookie)\.\d+/;

/** The value as JSON, with its bytes as text. */
const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_, item) => (item?.type === 'Buffer' ? `${Buffer.from(item.data)}` : item));

/** Every text that printing, logging or reporting the value could show. */
const shown = (value: unknown): string[] => {
  const texts = [`${value}`, jsonOf(value), inspect(value), inspect(value, { depth: Infinity })];
  return value instanceof Error ? [...texts, value.message, `${value.stack}`, ...shown(value.cause)] : texts;
};

/** All texts that a logger finds that walks every reachable object, with symbols and hidden properties. */
export const textsWithin = (value: unknown): string[] => {
  const seen = new Set<unknown>();
  const texts: string[] = [];
  const walk = (item: unknown): void => {
    if (typeof item === 'string') texts.push(item);
    if (Object(item) !== item || seen.has(item)) return;
    seen.add(item);
    if (item instanceof Map || item instanceof Set) for (const entry of item) walk(entry);
    const found = item as object; // the check above says that it is an object
    for (const key of Reflect.ownKeys(found)) {
      try {
        walk(Reflect.get(found, key));
      } catch {
        // For example the getters of a prototype.
      }
    }
  };
  walk(value);
  return texts;
};

/** The tokens, client keys and cookies of the test server that appear in any printed form of the values. */
export const tokensShownBy = (values: readonly unknown[]): string[] =>
  values.flatMap(shown).flatMap((text) => text?.match(SECRET)?.[0] ?? []);
