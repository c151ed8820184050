import { fetchTransport, type TokenStore, type Tokens, type Transport } from 'renewal';
import { storeLaws, transportLaws } from 'renewal/testing';
import { defer, tap } from 'rxjs';
import { describe, it } from 'vitest';

/** A store of this app: it keeps the tokens as a text. */
const createOwnStore = (): TokenStore => {
  let text = 'null';
  return {
    load: async (): Promise<Tokens | null> => JSON.parse(text),
    save: async (tokens) => {
      text = JSON.stringify(tokens);
    },
    clear: async () => {
      text = 'null';
    },
  };
};

/** A transport of this app: it counts what is sent. */
const createOwnTransport = (): Transport => {
  const send = fetchTransport();
  let sent = 0;
  return (request) => defer(() => send(request)).pipe(tap({ subscribe: () => sent++ }));
};

storeLaws('our store', createOwnStore, { describe, it });
transportLaws('our transport', createOwnTransport, { describe, it });
