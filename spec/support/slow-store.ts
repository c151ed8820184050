import { memoryStore, type TokenGrant, type TokenStore } from 'renewal';
import { createGate, type Gate } from './barrier';

/** A store whose writes the test releases. */
export interface SlowStore {
  readonly store: TokenStore;
  /** The pending writes, each by its access token; empty for a `clear`. */
  readonly writes: Gate<string>;
}

export const createSlowStore = (initial: TokenGrant): SlowStore => {
  const kept = memoryStore(initial);
  const writes = createGate<string>();
  return {
    writes,
    store: {
      ...kept,
      save: async (tokens) => {
        await writes.wait(tokens.accessToken);
        await kept.save(tokens);
      },
      clear: async () => {
        await writes.wait('');
        await kept.clear();
      },
    },
  };
};
