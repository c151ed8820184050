import { webStorageStore } from 'renewal';
import { lastValueFrom, throwError } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { eventsOf, warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { createStorage } from '../../support/http-storage';
import type { Echo } from '../../support/server';
import { createClient, createExpiredClient, errorsOf, paths, settleAll } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { createVirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';
const T2 = 'a.access.2';

const throwing = (name: string) => (): never => {
  throw new DOMException(`the tokens are ${T1} and ${T2}`, name);
};

interface Broken {
  /** The results of an access to the storage. */
  readonly breaks: (works: Storage) => Storage;
  /** The texts of the warnings. */
  readonly warnings: readonly string[];
}

const BROKEN: Readonly<Record<string, Broken>> = {
  'may not be touched': {
    breaks: throwing('SecurityError'),
    warnings: ['load: SecurityError', 'write: SecurityError'],
  },
  'is not there': {
    breaks: () => null as unknown as Storage, // as in some web views
    warnings: ['load: TypeError', 'write: TypeError'],
  },
  'cannot be read': {
    breaks: (works) => ({ ...works, getItem: throwing('DataError') }),
    warnings: ['load: DataError'],
  },
  'is full': {
    breaks: (works) => ({ ...works, setItem: throwing('QuotaExceededError') }),
    warnings: ['write: QuotaExceededError'],
  },
};

/** A browser store that works until it is broken by the test. */
const createBreakable = ({ breaks }: Broken) => {
  const works = createStorage();
  let isBroken = false;
  const store = webStorageStore({ storage: () => (isBroken ? breaks(works) : works) });
  return {
    store,
    break: () => {
      isBroken = true;
    },
  };
};

failureMode(
  {
    id: 'I1',
    title: 'Storage throws: a full quota, a private window, forbidden cookies',
    renewal:
      'The session continues in memory: waiting requests are sent with the new token, and a warning on `events$` has the storage’s error.',
    threads: ['auth0/lock#1242', 'auth0/angular2-jwt#346', 'SocketCluster/socketcluster-client#46'],
  },
  (signal) => {
    const server = withServer(signal);

    it.each(Object.entries(BROKEN))('refreshes for all waiting requests while the storage %s', async (_, broken) => {
      const storage = createBreakable(broken);
      const issued = server.issue();
      storage.store.save({ ...issued, sessionId: 's' });
      const { api, session } = createExpiredClient(server, { store: storage.store, issued });
      const events = eventsOf(api);
      storage.break();
      const dead = server.hold(({ token }) => token === T1);
      const results = settleAll(paths(10).map((path) => api.get$(path)));
      await dead.arrived(10);
      dead.open();

      expect(errorsOf(await results)).toEqual(Array(10).fill(undefined));
      for (const path of paths(10)) expect(server.tokensOf(path)).toEqual([T1, T2]);
      expect(server.presented).toEqual(['a.refresh.1']);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: T2 } });
      expect([...new Set(warningsIn(events))]).toEqual(broken.warnings);
      expect(tokensShownBy(events)).toEqual([]);
    });

    it.each(Object.entries(BROKEN))(
      'signs in, refreshes and signs out in memory if the storage %s from the start',
      async (_, broken) => {
        const storage = createBreakable(broken);
        storage.break();
        const { api, session } = createClient(server, { store: storage.store });
        expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
        await session.signIn(server.issue('b'));
        expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: 'b.access.1', nth: 1 });
        server.live.clear();
        expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: 'b.access.2', nth: 3 });

        await session.signOut();
        expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' });
        await settleAll([api.get$('/orders')]);
        expect(server.tokensOf('/orders')).toEqual(['b.access.1', 'b.access.1', 'b.access.2', '']);
        expect(server.presented).toEqual(['b.refresh.1']);
      },
    );

    it.each(Object.entries(BROKEN))('ends a refused session once while the storage %s', (_, broken) => {
      const storage = createBreakable(broken);
      storage.store.save({ accessToken: 'T1', refreshToken: 'R1', sessionId: 's' });
      const onSessionExpired = vi.fn();
      virtually(({ expectObservable, flush }) => {
        const { api, session } = createVirtualClient({
          signal,
          store: storage.store,
          isRefused: () => true,
          refresh: () => throwError(() => new Error('refused')),
          onSessionExpired: onSessionExpired,
        });
        storage.break();
        const expired = expect.objectContaining({ code: 'session-expired' });
        // A store without a lock is polled for another second.
        for (const path of ['/a', '/b']) expectObservable(api.get$(path)).toBe('1s #', undefined, expired);
        flush();
        expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
        expect(onSessionExpired).toHaveBeenCalledOnce();
      });
    });

    it.each(['', '{', 'undefined', '42'])('treats an entry without tokens as empty: %j', async (entry) => {
      const storage = createStorage({ renewal: entry });
      const { api, session } = createClient(server, { store: webStorageStore({ storage: () => storage }) });
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
      await settleAll([api.get$('/orders')]);
      expect(server.tokensOf('/orders')).toEqual(['']);
      await session.signIn(server.issue('b'));
      expect(JSON.parse(`${storage.getItem('renewal')}`)).toMatchObject({ accessToken: 'b.access.1' });
    });
  },
);
