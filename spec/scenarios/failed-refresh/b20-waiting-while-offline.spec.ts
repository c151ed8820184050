import { isApiError } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { installPage } from '../../support/page';
import type { Echo } from '../../support/server';
import { createExpiredClient, errorOf } from '../../support/server-client';
import { storm } from '../../support/server-storm';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'B20',
    title: 'Offline, each request hangs for 30 s in hopeless retries',
    renewal:
      'A failed refresh is reported at once, and requests fail fast while it cools down. An `online` event ends the cool-down; `navigator.onLine`, which is often wrong, is not read.',
    threads: ['supabase/supabase-js#2568'],
  },
  (signal) => {
    const server = withServer(signal);

    beforeEach(stopClock);

    it('fails waiting requests at once, and the next ones in the same tick', async () => {
      const client = createExpiredClient(server);
      server.refreshReply = 'reset';
      const errors = await storm(server, client);
      expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(errors.length);
      expect(vi.getTimerCount()).toBe(0);
      expect(outcomeOf(client.api.get$('/next'))).toEqual({ values: [], error: errors[0] });
    });

    it('refreshes for the next request as soon as an online event fires', async () => {
      const page = installPage();
      const client = createExpiredClient(server);
      server.refreshReply = 'reset';
      await storm(server, client);
      server.refreshReply = undefined;
      page.goOnline();
      expect(server.refreshes).toBe(1);
      expect(await lastValueFrom(client.api.get$<Echo>('/next'))).toMatchObject({ by: 'a.access.2', nth: 1 });
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1']);
    });

    it('retries once per online event, and keeps doubling the cool-down without one', async () => {
      const page = installPage();
      const { api } = createExpiredClient(server);
      server.refreshReply = 'reset';
      await errorOf(api.get$('/first'));
      page.goOnline();
      await errorOf(api.get$('/second'));
      await errorOf(api.get$('/soon'));
      expect(server.refreshes).toBe(2);
      vi.advanceTimersByTime(1_999);
      await errorOf(api.get$('/soon'));
      expect(server.refreshes).toBe(2);
      vi.advanceTimersByTime(1);
      await errorOf(api.get$('/third'));
      expect(server.refreshes).toBe(3);
    });

    it('listens for online events only during a cool-down', async () => {
      const page = installPage();
      const { api, session } = createExpiredClient(server);
      expect(page.listeners).toBe(0);
      server.refreshReply = 'reset';
      await errorOf(api.get$('/first'));
      expect(page.listeners).toBe(1);
      page.goOnline();
      expect(page.listeners).toBe(0);
      await errorOf(api.get$('/second'));
      expect(page.listeners).toBe(1);
      await session.signIn(server.issue('b'));
      expect(page.listeners).toBe(0);
    });

    it('refreshes with a server on this machine although navigator.onLine is false', async () => {
      vi.stubGlobal('navigator', { onLine: false });
      onTestFinished(() => {
        vi.unstubAllGlobals();
      });
      const { api } = createExpiredClient(server);
      expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: 'a.access.2', nth: 2 });
      expect(server.refreshes).toBe(1);
    });
  },
);
