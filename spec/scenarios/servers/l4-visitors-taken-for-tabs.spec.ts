import { webStorageStore } from 'renewal';
import { lastValueFrom, Subject } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventsOf } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { createStorage } from '../../support/http-storage';
import { createVirtualClient } from '../../support/virtual';
import { createLocks } from '../../support/web-locks';

const VISITORS = 10;

/** A storage of the platform that belongs to the whole process, as in Node from version 26 on and in Deno. */
class PlatformStorage implements Storage {
  readonly #entries = new Map<string, string>();
  get length(): number {
    return this.#entries.size;
  }
  key(): null {
    return null;
  }
  getItem(name: string): string | null {
    return this.#entries.get(name) ?? null;
  }
  setItem(name: string, value: string): void {
    this.#entries.set(name, value);
  }
  removeItem(name: string): void {
    this.#entries.delete(name);
  }
  clear(): void {
    this.#entries.clear();
  }
}

afterEach(() => vi.unstubAllGlobals());

failureMode(
  {
    id: 'L4',
    title: 'A server with Web Locks and `localStorage` treats its visitors as tabs',
    renewal:
      'Without a page or a worker, `webStorageStore` takes no Web Lock and opens no channel: visitors never wait for one another. If the storage belongs to the whole process, a warning on `events$` says so.',
  },
  (signal) => {
    const createVisitor = (storage: Storage) => {
      const grant$ = new Subject<{ accessToken: string }>();
      const store = webStorageStore({ storage: () => storage });
      store.save({ accessToken: 'T1', sessionId: 's' });
      return { grant$, ...createVirtualClient({ signal, store, refresh: () => grant$ }) };
    };

    describe.each(['of this version of Node', 'as in Node 24 and Deno'])('with Web Locks %s', (which) => {
      it('starts the refreshes of all visitors at once', async () => {
        const locks = createLocks();
        if (which !== 'of this version of Node') vi.stubGlobal('navigator', { locks });
        const visitors = Array.from({ length: VISITORS }, () => createVisitor(createStorage()));
        const bodies = visitors.map(({ api }) => lastValueFrom(api.get$('/a')));
        // No turn of the event loop has passed, so no lock can have been granted.
        expect(visitors.map(({ grant$ }) => grant$.observed)).toEqual(Array(VISITORS).fill(true));
        for (const { grant$ } of visitors) grant$.next({ accessToken: 'T2' });
        expect(await Promise.all(bodies)).toEqual(Array(VISITORS).fill({ by: 'T2' }));
        expect(locks.requests).toEqual([]);
      });
    });

    it('opens no channel between visitors', async () => {
      const opened: string[] = [];
      vi.stubGlobal(
        'BroadcastChannel',
        class {
          constructor(name: string) {
            opened.push(name);
          }
        },
      );
      const { api, grant$, session } = createVisitor(createStorage());
      const body = lastValueFrom(api.get$('/a'));
      grant$.next({ accessToken: 'T2' });
      await body;
      await session.signOut();
      expect(opened).toEqual([]);
    });

    const warningsOf = (storage: Storage) => {
      const { api, grant$ } = createVisitor(storage);
      const events = eventsOf(api);
      for (const path of ['/a', '/b']) api.get$(path).subscribe();
      grant$.next({ accessToken: 'T2' });
      return events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    };

    it('warns once of a storage that belongs to the process', () => {
      vi.stubGlobal('Storage', PlatformStorage);
      expect(warningsOf(new PlatformStorage())).toEqual([
        "webStorageStore: the storage is the process's own, so its visitors share one session",
      ]);
    });

    it('does not warn of a storage of the visitor, or on a page', () => {
      vi.stubGlobal('Storage', PlatformStorage);
      expect(warningsOf(createStorage())).toEqual([]);
      vi.stubGlobal('document', new EventTarget());
      vi.stubGlobal('navigator', {});
      expect(warningsOf(new PlatformStorage()).filter((message) => message.includes('process'))).toEqual([]);
    });
  },
);
