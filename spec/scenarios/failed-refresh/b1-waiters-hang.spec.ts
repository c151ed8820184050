import { isApiError, memoryStore } from 'renewal';
import { lastValueFrom, throwError } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { eventsOf } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, REFRESH, type Reply } from '../../support/server';
import { createExpiredClient, errorsOf, paths, settleAll } from '../../support/server-client';
import { QUEUED, SENT, storm } from '../../support/server-storm';
import { withServer } from '../../support/with-server';

const ENDS: readonly (readonly [how: string, reply: Reply, code: 'session-expired' | 'refresh'])[] = [
  ['is refused', json({ error: 'invalid_grant' }, 400), 'session-expired'],
  ['fails', json({}, 500), 'refresh'],
];

failureMode(
  {
    id: 'B1',
    title: 'Waiting requests hang for ever if the refresh fails: only success wakes them',
    renewal:
      'All of them fail with the same error as soon as the refresh has failed, and the next request starts clean.',
    threads: [
      'ever-co/ever-gauzy#9208',
      'Canopus-Labs/PrepPilot#611',
      'newsiberian/apollo-link-token-refresh#13',
      'Chetan0e/Verath#61',
    ],
  },
  (signal) => {
    const server = withServer(signal);

    it.each(ENDS)('fails all waiting requests at once, with the same error, when the refresh %s', async (...end) => {
      stopClock();
      const [, reply, code] = end;
      server.refreshReply = reply;
      const errors = await storm(server, createExpiredClient(server));

      expect(errors.filter((error) => isApiError(error, code))).toHaveLength(SENT.length + QUEUED.length);
      expect(new Set(errors).size).toBe(1);
      expect(server.refreshes).toBe(1);
      expect(vi.getTimerCount()).toBe(0);
    });

    it.each(ENDS)('fails refresh$ and accessToken$ with the same error when the refresh %s', async (_, reply, code) => {
      const { api, session } = createExpiredClient(server);
      server.refreshReply = reply;
      const refresh = server.hold(({ path }) => path === REFRESH);
      const first = settleAll([api.get$('/orders')]);
      await refresh.arrived(1);
      const others = settleAll<unknown>([session.refresh$(), session.accessToken$()]);
      refresh.open();

      const errors = errorsOf([...(await first), ...(await others)]);
      expect(errors[0]).toMatchObject({ code });
      expect(new Set(errors).size).toBe(1);
    });

    it('starts clean with the next sign-in after a refused refresh', async () => {
      const client = createExpiredClient(server);
      server.refreshReply = json({ error: 'invalid_grant' }, 400);
      await storm(server, client);
      server.refreshReply = undefined;

      const next = server.issue('next');
      await client.session.signIn(next);
      expect(await lastValueFrom(client.api.get$<Echo>('/signed-in'))).toMatchObject({ by: next.accessToken, nth: 1 });
      server.live.clear();
      expect(await lastValueFrom(client.api.get$<Echo>('/renewed'))).toMatchObject({ by: 'next.access.2', nth: 2 });
      expect(server.presented).toEqual(['a.refresh.1', next.refreshToken]);
      expect(await client.store.load()).toMatchObject({ accessToken: 'next.access.2', refreshToken: 'next.refresh.2' });
    });

    it('starts clean with the next refresh, and leaves no waiter behind', async () => {
      stopClock();
      const client = createExpiredClient(server);
      server.refreshReply = json({}, 500);
      await storm(server, client);
      server.refreshReply = undefined;
      vi.advanceTimersByTime(1_000);

      const events = eventsOf(client.api);
      expect(await lastValueFrom(client.api.get$<Echo>('/next'))).toMatchObject({ by: 'a.access.2', nth: 1 });
      expect(events.filter(({ type }) => type === 'refresh')).toMatchObject([
        { phase: 'started', refreshId: 2 },
        { phase: 'succeeded', refreshId: 2, waiting: 1 },
      ]);
      expect(server.refreshes).toBe(2);
    });

    it('fails requests that wait for a failed `restore`, and calls it for the next one', async () => {
      stopClock();
      let isUp = false;
      const { api, session } = createExpiredClient(server, {
        store: memoryStore(),
        restore: () => (isUp ? [server.issue()] : throwError(() => new Error('down'))),
      });
      const errors = errorsOf(await settleAll([...paths(3).map((path) => api.get$(path)), session.accessToken$()]));
      expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(4);

      isUp = true;
      vi.advanceTimersByTime(1_000);
      expect(await lastValueFrom(api.get$<Echo>('/next'))).toMatchObject({ by: 'a.access.2', nth: 1 });
      expect(server.hits).toHaveLength(1);
    });
  },
);
