import { expect, it } from 'vitest';
import { installChannels } from '../../support/channels';
import { failureMode } from '../../support/failure-mode';
import { createStorage } from '../../support/http-storage';
import { installBrowser, sentWith } from '../../support/virtual-tabs';

failureMode(
  {
    id: 'I13',
    title: 'Two storages of one page have only the name of an entry in common',
    renewal:
      'A message on a channel only makes a session read its own storage. If that is empty because no write succeeded, no sign-out has happened.',
  },
  (signal) => {
    it('keeps a session whose storage refuses each write, despite another storage', async () => {
      const browser = installBrowser(signal);
      const channels = installChannels();
      const full = createStorage();
      full.setItem = () => {
        throw new DOMException('full', 'QuotaExceededError');
      };
      const one = browser.open({ storage: () => full });
      const apart = createStorage();
      const other = browser.open({ storage: () => apart });
      await one.session.signIn({ accessToken: 'T5', refreshToken: 'R5' });
      await other.session.signIn({ accessToken: 'T6', refreshToken: 'R6' });
      one.get();
      await other.session.signOut();
      await browser.advance(100);
      expect(channels.messages.length).toBeGreaterThan(0);
      expect(one.session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T5' } });
      expect(one.get()).toEqual(sentWith('T5'));
      expect(other.session.state.status).toBe('signed-out');
    });
  },
);
