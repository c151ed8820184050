import { createSession, memoryStore, webStorageStore } from 'renewal';
import { lastValueFrom, of } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createStorage } from '../../support/http-storage';
import type { Echo } from '../../support/server';
import { createClient, settleAll } from '../../support/server-client';
import { createVirtualClient } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const LAYOUTS = {
  'one entry': {},
  'two plain entries': { keys: { accessToken: 'token', refreshToken: 'refreshToken' } },
} as const;

failureMode(
  {
    id: 'I7',
    title: 'Tokens in memory are lost when the page is loaded again',
    renewal:
      'Memory is the default, and a reload then begins signed out; `webStorageStore` keeps the session across it, and `restore` requests one from the server.',
  },
  (signal) => {
    const server = withServer(signal);

    it('begins signed out after a reload with tokens in memory: requests have no token', async () => {
      const before = createClient(server);
      await lastValueFrom(before.api.get$('/before'));
      const after = createClient(server, { store: memoryStore() });
      expect(after.session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
      await settleAll([after.api.get$('/after')]);
      expect(server.tokensOf('/after')).toEqual(['']);
      expect(server.refreshes).toBe(0);
    });

    it('stores nothing anywhere if no store is given', async () => {
      const create = () => createSession({ refresh: () => of({ accessToken: 'T2' }) });
      const session = create();
      await session.signIn({ accessToken: 'T1' });
      expect(session.state.status).toBe('active');
      expect(create().state).toMatchObject({ status: 'signed-out', reason: 'none' });
    });

    it.each(Object.entries(LAYOUTS))(
      'continues after a reload from %s of a storage, with the refreshed tokens',
      async (_, layout) => {
        const storage = createStorage();
        const reload = () => createClient(server, { store: webStorageStore({ ...layout, storage: () => storage }) });
        const before = reload();
        await before.session.signIn(server.issue('b'));
        server.live.clear();
        await lastValueFrom(before.api.get$('/before'));

        const after = reload();
        expect(after.session.state).toMatchObject({
          status: 'active',
          tokens: { ...Object(before.session.state).tokens, accessToken: 'b.access.2', refreshToken: 'b.refresh.2' },
        });
        expect(await lastValueFrom(after.api.get$<Echo>('/after'))).toMatchObject({ by: 'b.access.2', nth: 1 });
        server.live.clear();
        expect(await lastValueFrom(after.api.get$<Echo>('/after'))).toMatchObject({ by: 'b.access.3' });
        expect(server.presented).toEqual(['b.refresh.1', 'b.refresh.2']);

        await after.session.signOut();
        expect(reload().session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
      },
    );

    it('calls `restore` after a reload, before the first request leaves', () => {
      const { api, session, sent } = createVirtualClient({
        signal,
        store: memoryStore(),
        restore: () => of({ accessToken: 'T2' }),
      });
      expect(session.state.status).toBe('loading');
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith({ by: 'T2' }));
      expect(sent).toEqual(['GET /a T2']);
    });
  },
);
