/** Headers as a caller gives them: any case; `undefined` takes a default away. */
export type HeadersInit = Readonly<Record<string, string | undefined>>;

/** Joins headers, the later ones winning, under names in lower case. What RFC 9110 section 5 does not allow, transports refuse. */
export const mergeHeaders = (...all: readonly HeadersInit[]): Record<string, string> => {
  const merged: Record<string, string> = {};
  for (const headers of all) {
    for (const [name, value] of Object.entries(headers)) {
      const key = name.toLowerCase();
      if (value === undefined) delete merged[key];
      else merged[key] = `${value}`;
    }
  }
  return merged;
};
