/** Headers as a caller gives them: any case; `undefined` takes a default away. */
export type HeadersInit = Readonly<Record<string, string | undefined>>;

const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Joins headers, the later ones winning, under names in lower case. Throws a `TypeError` that quotes no value for what RFC 9110
 * section 5 does not allow.
 */
export const mergeHeaders = (...all: readonly (HeadersInit | undefined)[]): Record<string, string> => {
  const merged: Record<string, string> = {};
  for (const headers of all) {
    for (const name in headers) {
      const key = name.toLowerCase();
      const value = headers[name];
      if (value === undefined) delete merged[key];
      else if (NAME.test(name) && VALUE.test(value)) merged[key] = `${value}`;
      else throw new TypeError(`header ${JSON.stringify(name)} is not valid`);
    }
  }
  return merged;
};
