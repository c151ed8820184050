import { expect, it, vi } from 'vitest';
import { warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { createVirtualClient } from '../../support/virtual';
import { installBrowser, sentWith } from '../../support/virtual-tabs';
import type { FakeLocks } from '../../support/web-locks';

const forbidden = (): never => {
  throw new DOMException('no', 'SecurityError');
};
const silent = (): Promise<never> => new Promise(() => {});

failureMode(
  {
    id: 'F9',
    title: 'Web Locks are missing, forbidden or silent',
    renewal:
      'The refresh runs without a lock: at once if there is none, after `lockTimeoutMs` if a request hangs. Sessions of one page that share a store are serialised even so.',
    threads: [
      'AxaFrance/oidc-client#1462',
      'w3c/web-locks#49',
      'ringcentral/ringcentral-embeddable#644',
      'stackblitz/webcontainer-core#1690',
      'powersync-ja/powersync-js#356',
    ],
  },
  (signal) => {
    const BROKEN: readonly [string, (locks: FakeLocks) => void, number][] = [
      ['are missing', () => vi.stubGlobal('navigator', {}), 0],
      ['are missing, and navigator too', () => vi.stubGlobal('navigator', undefined), 0],
      [
        'throw',
        (locks) => {
          locks.request = forbidden;
          locks.query = forbidden;
        },
        0,
      ],
      [
        'throw only for locks',
        (locks) => {
          locks.request = forbidden;
        },
        0,
      ],
      [
        'reject',
        (locks) => {
          locks.request = async () => forbidden();
        },
        0,
      ],
      [
        'are silent',
        (locks) => {
          locks.request = silent;
          locks.query = silent;
        },
        5_000,
      ],
      [
        'do not return a promise',
        (locks) => {
          locks.request = () => undefined as never;
        },
        0,
      ], // a stub may do so
    ];

    it.each(BROKEN)('refreshes in time if the locks %s', async (_, breakThem, waitMs) => {
      const browser = installBrowser(signal);
      breakThem(browser.locks);
      const tab = browser.open();
      const outcome = tab.get();
      await browser.advance(waitMs + 50);
      expect(outcome).toEqual(sentWith('T2'));
      expect(browser.authServer.presented).toEqual(['R1']);
      expect(warningsIn(tab.events)).toEqual([]);
    });

    it.each(BROKEN)('refreshes once for two sessions over one store if the locks %s', async (_, breakThem, waitMs) => {
      const browser = installBrowser(signal);
      breakThem(browser.locks);
      const { store, get } = browser.open();
      const other = createVirtualClient({
        signal,
        store,
        isDead: browser.authServer.isDead,
        refresh: browser.authServer.refresh,
      });
      const outcomes = [get(), outcomeOf(other.api.get$('/b'))];
      await browser.advance(2 * waitMs + 100);
      expect(outcomes).toEqual([sentWith('T2'), sentWith('T2')]);
      expect(browser.authServer.presented).toEqual(['R1']);
      other.session.destroy();
    });
  },
);
