import { expect, it, vi } from 'vitest';
import { installChannels } from '../../support/channels';
import { warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { createStorage } from '../../support/http-storage';
import { installBrowser } from '../../support/virtual-tabs';

class Forbidden {
  constructor() {
    throw new DOMException('no', 'SecurityError');
  }
}

failureMode(
  {
    id: 'F16',
    title: 'Tokens travel over a channel, and every message on it is trusted',
    renewal:
      'Storage events are hints, and only the storage is trusted. For a custom storage, which fires no events, a `BroadcastChannel` message means only to read it again; all other messages are ignored.',
  },
  (signal) => {
    /** A storage without storage events, and every message over channels. */
    const setUp = () => {
      const browser = installBrowser(signal);
      const kept = createStorage({ renewal: `${browser.storage.getItem('renewal')}` });
      const open = () => {
        const own: Storage = Object.create(kept);
        return browser.open({ storage: () => own });
      };
      const channels = installChannels();
      return { browser, kept, open, channels };
    };

    it('sends only a ping, and the other tabs read the tokens from the storage', async () => {
      const { browser, open, channels } = setUp();
      const [one, other] = [open(), open()];
      other.session.state$.subscribe();
      one.get();
      await browser.advance(100);
      expect(other.session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
      await one.session.signOut();
      await browser.advance(100);
      expect(other.session.state.status).toBe('signed-out');
      expect(channels.messages).toHaveLength(2);
      expect(JSON.stringify([channels.messages, channels.names])).not.toMatch(/T[12]|R[12]|first/);
    });

    it.each([undefined, null, 1, '', {}, { accessToken: 'T9', sessionId: 'evil' }, ['look'], 'sign-out'])(
      'ignores an unknown message: %j',
      async (data) => {
        const { browser, kept, open, channels } = setUp();
        const tab = open();
        tab.session.state$.subscribe();
        const before = tab.session.state;
        kept.clear();
        channels.deliver(data);
        await browser.advance(100);
        expect(tab.session.state).toBe(before);
      },
    );

    it('trusts the storage, not the value in a storage event', async () => {
      const browser = installBrowser(signal);
      const tab = browser.open();
      tab.session.state$.subscribe();
      const before = tab.session.state;
      const newValue = JSON.stringify({ accessToken: 'T9', sessionId: 'evil' });
      browser.dispatchStorageEvent({ key: 'renewal', newValue });
      browser.dispatchStorageEvent({ key: 'other', newValue: null });
      browser.dispatchStorageEvent({ key: null, newValue: null });
      await browser.advance(10);
      expect(tab.session.state).toBe(before);
    });

    it("opens no channel for the browser's storage, nor before a session is used", async () => {
      const { browser, open, channels } = setUp();
      browser.open().get();
      await browser.advance(100);
      expect(channels.names).toEqual([]);
      const tab = open();
      expect(channels.names).toEqual([]);
      tab.session.state$.subscribe();
      expect(channels.names).toEqual(['renewal:renewal']);
      tab.session.destroy();
    });

    it.each([
      ['missing', () => vi.stubGlobal('BroadcastChannel', undefined)],
      ['forbidden', () => vi.stubGlobal('BroadcastChannel', Forbidden)],
    ])('works without channels if they are %s', async (_, breakThem) => {
      const { browser, open } = setUp();
      breakThem();
      const tab = open();
      expect(tab.get()).toEqual({ values: [] });
      await browser.advance(500);
      expect(tab.session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
      expect(warningsIn(tab.events)).toEqual([]);
    });
  },
);
