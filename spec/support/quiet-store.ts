import { memoryStore, type TokenGrant } from 'renewal';

/** A store in memory that emits nothing, and has no version. */
export const createQuietStore = (initial?: TokenGrant) => {
  const { load, save, clear, exclusive } = memoryStore(initial);
  return { load, save, clear, exclusive };
};
