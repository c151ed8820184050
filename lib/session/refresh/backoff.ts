const MIN_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 30_000;

/** How long to wait after this many failures in a row, unless the server has said: 1 s, doubling up to 30 s. */
export const backoffMs = (failures: number): number => Math.min(MIN_BACKOFF_MS * 2 ** (failures - 1), MAX_BACKOFF_MS);
