import { memoryStore, type TokenGrant } from 'renewal';

/** A store in memory without `changes$` and `version`. */
export const createQuietStore = (initial?: TokenGrant) => {
  const { load, save, clear, exclusive } = memoryStore(initial);
  return { load, save, clear, exclusive };
};
