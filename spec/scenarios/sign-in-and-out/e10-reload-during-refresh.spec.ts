import { type TokenStore, webStorageStore } from 'renewal';
import { lastValueFrom, noop } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createStorage } from '../../support/http-storage';
import { type Echo, REFRESH } from '../../support/server';
import { createClient, createExpiredClient } from '../../support/server-client';
import { createSlowStore } from '../../support/slow-store';
import { withServer } from '../../support/with-server';

const RENEWED = { accessToken: 'a.access.2', refreshToken: 'a.refresh.2' };

/** A storage of a page that ends before write number `last + 1`. */
const endingAfter = (storage: Storage, last: number): Storage => {
  let writes = 0;
  const write = (run: () => void): void => {
    if (writes++ < last) run();
  };
  return {
    ...storage,
    setItem: (key, value) => write(() => storage.setItem(key, value)),
    removeItem: (key) => write(() => storage.removeItem(key)),
  };
};

const LAYOUTS = [
  ['one entry', {}],
  ['plain entries', { keys: { accessToken: 'access', refreshToken: 'refresh' } }],
] as const;

failureMode(
  {
    id: 'E10',
    title: 'The tokens are cleared before the refresh: a page that reloads has none',
    renewal:
      'The old tokens stay in the store until new ones replace them, or the refresh is refused. A page that reloads during the refresh continues with the stored tokens.',
    threads: ['salte-auth/salte-auth#184'],
  },
  (signal) => {
    const server = withServer(signal);

    describe.each(LAYOUTS)('reloads with the tokens of a web storage of %s', (_, layout) => {
      const storeIn = (storage: Storage): TokenStore => webStorageStore({ storage: () => storage, ...layout });

      /** A page whose access token has expired, and the content of its storage. */
      const openPage = async (wrap = (storage: Storage): Storage => storage) => {
        const issued = server.issue();
        const storage = createStorage();
        await storeIn(storage).save({ ...issued, sessionId: 's' });
        return { ...createExpiredClient(server, { issued, store: storeIn(wrap(storage)) }), storage };
      };

      it('keeps the old tokens in the store while the refresh is in flight', async () => {
        const { api, session, store, issued } = await openPage();
        const refresh = server.hold(({ path }) => path === REFRESH);
        const request = lastValueFrom(api.get$<Echo>('/orders'));
        await refresh.arrived(1);
        expect(session.state.status).toBe('refreshing');
        expect(await store.load()).toMatchObject(issued);
        refresh.open();
        expect(await request).toMatchObject({ by: RENEWED.accessToken });
        expect(await store.load()).toMatchObject(RENEWED);
      });

      it('refreshes in the next page if the first one is gone before the rotation', async () => {
        const { api, session, storage, issued } = await openPage();
        const refresh = server.hold(({ path }) => path === REFRESH);
        server.refreshReply = 'never';
        api.get$('/orders').subscribe({ error: () => {} });
        await refresh.arrived(1);
        session.destroy();
        await server.aborted(REFRESH);
        refresh.open();

        server.refreshReply = undefined;
        const next = createClient(server, { issued, store: storeIn(storage) });
        expect(await lastValueFrom(next.api.get$<Echo>('/next'))).toMatchObject({ by: RENEWED.accessToken });
        expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1']);
        expect(await next.store.load()).toMatchObject(RENEWED);
      });

      it.each([1, 2, 3])(
        'continues if the first page is gone after %i writes, with no spent token left',
        async (count) => {
          const { api, storage, issued } = await openPage((kept) => endingAfter(kept, count));
          // The page is gone, so the outcome of its request does not matter.
          await lastValueFrom(api.get$('/orders')).catch(noop);
          const next = createClient(server, { issued, store: storeIn(storage) });
          expect(await lastValueFrom(next.api.get$<Echo>('/next'))).toMatchObject({ path: '/next' });
          server.live.clear();
          expect(await lastValueFrom(next.api.get$<Echo>('/later'))).toMatchObject({ path: '/later' });
          expect(new Set(server.presented).size).toBe(server.refreshes);
        },
      );
    });

    it('keeps the old tokens in an asynchronous store until the new ones are written', async () => {
      const issued = server.issue();
      const { store, writes } = createSlowStore(issued);
      const { api } = createExpiredClient(server, { issued, store });
      const request = lastValueFrom(api.get$<Echo>('/orders'));
      await writes.arrived(1);
      expect(await store.load()).toMatchObject(issued);
      writes.open();
      expect(await request).toMatchObject({ by: RENEWED.accessToken });
      expect(await store.load()).toMatchObject(RENEWED);
    });
  },
);
