import { memoryStore, type TokenStore, type Tokens, webStorageStore } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { eventsOf, warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { createStorage } from '../../support/http-storage';
import type { Echo, Issued } from '../../support/server';
import { createClient, createExpiredClient, errorOf, errorsOf, paths, settleAll } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { withServer } from '../../support/with-server';

const quota = (tokens: Tokens): Error => new RangeError(`no room for ${JSON.stringify(tokens)}`);

type Save = (tokens: Tokens, kept: TokenStore) => void | Promise<void>;

/** The ways in which a write fails. */
const FAILURES: Readonly<Record<string, Save>> = {
  throws: (tokens) => {
    throw quota(tokens);
  },
  rejects: (tokens) => Promise.reject(quota(tokens)),
  'rejects although it has written': async (tokens, kept) => {
    await kept.save(tokens);
    throw quota(tokens);
  },
};

/** A store whose writes fail until the test repairs them. */
const createFailing = (save: Save, issued?: Issued) => {
  const kept = memoryStore(issued);
  let isMended = false;
  const store: TokenStore = { ...kept, save: (tokens) => (isMended ? kept.save(tokens) : save(tokens, kept)) };
  return {
    kept,
    store,
    mend: () => {
      isMended = true;
    },
  };
};

failureMode(
  {
    id: 'I3',
    title: 'The write fails after the server has rotated the refresh token',
    renewal:
      'The new tokens are used from memory, the next refresh presents the new refresh token and writes again, and a warning reports each failed write.',
  },
  (signal) => {
    const server = withServer(signal);

    it.each(Object.entries(FAILURES))(
      'sends all waiting requests with the new token, and warns once, when the write %s',
      async (_, save) => {
        const issued = server.issue();
        const { store } = createFailing(save, issued);
        const { api, session } = createExpiredClient(server, { store, issued });
        const events = eventsOf(api);
        const dead = server.hold(({ token }) => token === 'a.access.1');
        const results = settleAll(paths(10).map((path) => api.get$(path)));
        await dead.arrived(10);
        dead.open();

        expect(errorsOf(await results)).toEqual(Array(10).fill(undefined));
        for (const path of paths(10)) expect(server.tokensOf(path)).toEqual(['a.access.1', 'a.access.2']);
        expect(session.state).toMatchObject({
          status: 'active',
          tokens: { accessToken: 'a.access.2', refreshToken: 'a.refresh.2' },
        });
        expect(warningsIn(events)).toEqual(['write: RangeError']);
        expect(tokensShownBy(events)).toEqual([]);
      },
    );

    it.each(Object.entries({ ...FAILURES, 'is lost silently': () => {} }))(
      'presents each new refresh token once if every write %s',
      async (_, save) => {
        const issued = server.issue();
        const { kept, store, mend } = createFailing(save, issued);
        const { api } = createExpiredClient(server, { store, issued });
        for (const nth of [2, 3, 4]) {
          server.live.clear();
          expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: `a.access.${nth}` });
        }
        mend();
        server.live.clear();
        expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: 'a.access.5' });

        expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.2', 'a.refresh.3', 'a.refresh.4']);
        expect(await kept.load()).toMatchObject({ accessToken: 'a.access.5', refreshToken: 'a.refresh.5' });
      },
    );

    it('does not mistake an empty store after a failed write for a sign-out', async () => {
      const { kept, store } = createFailing(() => Promise.reject(new RangeError()));
      const { api, session } = createClient(server, { store });
      await session.signIn(server.issue('b'));
      expect(await kept.load()).toBeNull();
      server.live.clear();
      expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: 'b.access.2' });
      expect(session.state.status).toBe('active');
    });

    it('continues if another session found the old tokens in the store and was refused', async () => {
      const issued = server.issue();
      const { kept, store } = createFailing(() => Promise.reject(new RangeError()), issued);
      const one = createExpiredClient(server, { store, issued });
      const other = createClient(server, { store: kept, issued });
      await lastValueFrom(one.api.get$('/one'));
      expect(other.session.state).toMatchObject({ status: 'active', tokens: issued });
      expect(await errorOf(other.api.get$('/other'))).toMatchObject({ code: 'session-expired' });
      expect(await kept.load()).toBeNull();

      server.live.clear();
      expect(await lastValueFrom(one.api.get$<Echo>('/one'))).toMatchObject({ by: 'a.access.3' });
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1', 'a.refresh.2']);
    });

    it.each(['token', 'refreshToken', 'token.renewal'])(
      'never mistakes its own half-written tokens for external ones (at %s)',
      async (entry) => {
        const issued = server.issue();
        const storage = createStorage({ token: issued.accessToken, refreshToken: issued.refreshToken });
        const full: Storage = {
          ...storage,
          setItem: (name, value) => {
            if (name === entry) throw new DOMException('', 'QuotaExceededError');
            storage.setItem(name, value);
          },
        };
        const keys = { accessToken: 'token', refreshToken: 'refreshToken' };
        const store = webStorageStore({ storage: () => full, keys });
        const { api } = createExpiredClient(server, { store, issued });
        for (const by of ['a.access.2', 'a.access.3', 'a.access.4']) {
          server.live.clear();
          expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by });
        }
        expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.2', 'a.refresh.3']);
      },
    );
  },
);
