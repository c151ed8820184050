import { memoryStore, type TokenStore, webStorageStore } from 'renewal';
import { NEVER } from 'rxjs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createStorage } from '../../support/http-storage';
import { startServer, type TestServer } from '../../support/server';
import { createClient, errorsOf, paths, settleAll } from '../../support/server-client';
import { createVirtualClient, type VirtualClient } from '../../support/virtual';

/** A store that records its calls. */
const recorded = (store: TokenStore): { readonly store: TokenStore; readonly calls: string[] } => {
  const calls: string[] = [];
  const called = <T extends unknown[], R>(name: string, method: (...args: T) => R) => {
    return (...args: T): R => {
      calls.push(name);
      return method(...args);
    };
  };
  return {
    calls,
    store: {
      load: called('load', store.load),
      save: called('save', store.save),
      clear: called('clear', store.clear),
      exclusive: (work) => {
        calls.push('exclusive');
        return store.exclusive?.(work) ?? work;
      },
    },
  };
};

failureMode(
  {
    id: 'A9',
    title: 'A lock and a storage write on every request, although the token is live',
    renewal:
      'A request with a live token takes no lock and does not call the store: the tokens are read once, at creation. Only a refresh locks.',
    threads: ['auth0/auth0-spa-js#558', 'auth0/auth0-spa-js#525'],
  },
  (signal) => {
    let server: TestServer;

    beforeEach(async () => {
      server = await startServer(signal);
    });
    afterEach(async () => {
      vi.unstubAllGlobals();
      await server.close();
    });

    /** Sends 50 requests, with responses in the same tick. */
    const send = ({ api }: VirtualClient): unknown[] => paths(50).map((path) => outcomeOf(api.get$(path)));

    it('sends each request once, and does not call the store after its first load', async () => {
      const issued = server.issue();
      const { store, calls } = recorded(memoryStore(issued));
      const { api } = createClient(server, { issued, store });
      expect(calls).toEqual(['load']);
      const results = await settleAll(paths(50).map((path) => api.get$(path)));

      expect(errorsOf(results)).toEqual(Array(50).fill(undefined));
      expect(server.hits.map(({ authorization }) => authorization)).toEqual(Array(50).fill('Bearer a.access.1'));
      expect(server.refreshes).toBe(0);
      expect(calls).toEqual(['load']);
    });

    it('loads a slow store once for all waiting requests', async () => {
      const issued = server.issue();
      const kept = memoryStore(issued);
      const { store, calls } = recorded({ ...kept, load: async () => kept.load() });
      const { api } = createClient(server, { issued, store });
      for (const round of [1, 2]) {
        const results = await settleAll(paths(20).map((path) => api.get$(path)));
        expect(errorsOf(results)).toEqual(Array(20).fill(undefined));
        expect(server.hits).toHaveLength(20 * round);
      }
      expect(calls).toEqual(['load']);
    });

    it('sends requests at once while another session holds the lock, for however long', () => {
      const store = memoryStore({ accessToken: 'T1', refreshToken: 'R1' });
      store.exclusive?.(NEVER).subscribe();
      const client = createVirtualClient({ signal, store, isDead: () => false });
      expect(send(client)).toEqual(Array(50).fill(completedWith({ by: 'T1' })));
    });

    it('locks during a refresh, and not after it', () => {
      const { store, calls } = recorded(memoryStore({ accessToken: 'T1', refreshToken: 'R1' }));
      const client = createVirtualClient({ signal, store });
      expect(outcomeOf(client.api.get$('/first'))).toEqual(completedWith({ by: 'T2' }));
      expect(calls.filter((call) => call === 'exclusive')).toHaveLength(1);
      expect(calls.filter((call) => call === 'save')).toHaveLength(1);
      const before = [...calls];
      expect(send(client)).toEqual(Array(50).fill(completedWith({ by: 'T2' })));
      expect(calls).toEqual(before);
    });

    it('does not call the store of a signed-out session', () => {
      const { store, calls } = recorded(memoryStore());
      const client = createVirtualClient({ signal, store, isDead: () => false });
      send(client);
      expect(client.sent).toEqual(paths(50).map((path) => `GET ${path} -`));
      expect(calls).toEqual(['load']);
    });

    it('takes no Web Lock, and reads one entry of a Storage', () => {
      const request = vi.fn();
      vi.stubGlobal('navigator', { locks: { request } });
      const storage = createStorage({ token: 'T1', refreshToken: 'R1' });
      const read = vi.spyOn(storage, 'getItem');
      const store = webStorageStore({
        storage: () => storage,
        keys: { accessToken: 'token', refreshToken: 'refreshToken' },
      });
      const client = createVirtualClient({ signal, store, isDead: () => false });
      read.mockClear();
      expect(send(client)).toEqual(Array(50).fill(completedWith({ by: 'T1' })));
      expect(read.mock.calls).toEqual(Array(50).fill(['token']));
      expect(request).not.toHaveBeenCalled();
    });
  },
);
