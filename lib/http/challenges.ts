/** One challenge of a `www-authenticate` header (RFC 9110 section 11.3). */
export interface Challenge {
  /** The scheme in lower case, such as `bearer`, `dpop` or `basic`. */
  readonly scheme: string;
  /** The parameters: names in lower case, values without quotes. The first of two with one name counts. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * The parts of a header: a name, with `=` and a value if it is a parameter; a quoted string without a name; a comma. A
 * quoted string without its end reaches to the end of the header. No part is scanned twice, so the time is linear.
 */
const PARTS =
  /([\w!#$%&'*+.^`|~-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)(?:"|\\?$)|([^\s",=][^\s",]*)?))?|"(?:[^"\\]|\\.)*(?:"|\\?$)|,/s;

/**
 * Parses the challenges of a header in their order; several headers are joined by commas. Malformed parts and `token68`
 * credentials are left out. Never throws.
 */
export const parseChallenges = (header: string | undefined): Challenge[] => {
  const challenges: Challenge[] = [];
  let params: Record<string, string> | undefined;
  // A name without a value is a scheme only at the start of a list element; elsewhere it is a token68.
  let isStart = true;
  for (const [part, name, quoted, plain] of `${header ?? ''}`.matchAll(new RegExp(PARTS, 'gs'))) {
    const value = quoted?.replace(/\\(.)/gs, '$1') ?? plain;
    if (name && value !== undefined) {
      if (params) params[name.toLowerCase()] ??= value;
    } else if (isStart && name && !part.includes('=')) {
      // Without a prototype: a parameter may be called `constructor`.
      params = Object.create(null) as Record<string, string>;
      challenges.push({ scheme: name.toLowerCase(), params });
    }
    isStart = part === ',';
  }
  return challenges;
};
