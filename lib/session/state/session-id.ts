/** A session id that sorts by the time of its sign-in. Ids of foreign writers have no order. */
const ORDERED = /^[0-9a-z]{9}\.[0-9a-z]+$/;

/** Whether ids of this form sort by the time of the sign-in. */
export const isOrdered = (id: string): boolean => ORDERED.test(id);

/** The id of a sign-in at `atMs`: later than the id `latestId`, so that a clock that was set back changes nothing. */
export const createSessionId = (atMs: number, latestId = ''): string => {
  const ms = Math.max(Math.floor(atMs), isOrdered(latestId) ? Number.parseInt(latestId, 36) + 1 : 0);
  // The random part distinguishes sign-ins of the same millisecond. An id protects nothing.
  return `${ms.toString(36).padStart(9, '0')}.${Math.random().toString(36).slice(2)}`;
};

/** The id of the later sign-in, if the ids have an order. */
export const laterId = (one: string, other: string): string => (isOrdered(other) && other > one ? other : one);

/** A short hash (32-bit FNV-1a) that names a token without showing it; it protects nothing. */
export const digestOf = (text: string): string => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(36);
};
