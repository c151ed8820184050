import { lastValueFrom } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, REFRESH, type Reply } from '../../support/server';
import { createExpiredClient, errorsOf, settleAll } from '../../support/server-client';
import { QUEUED, SENT, storm } from '../../support/server-storm';
import { withServer } from '../../support/with-server';

const T1 = 'a.access.1';

const FAILURES: Readonly<Record<string, Reply>> = {
  'is refused': json({ error: 'invalid_grant' }, 400),
  'is answered 500': json({}, 500),
  'is reset': 'reset',
  'brings no token': json({}),
};

failureMode(
  {
    id: 'B10',
    title: 'The queue is replayed with the dead token after a failed refresh',
    renewal:
      'A request that waited for a failed refresh is not sent: neither with the old token, nor without one, nor later.',
    threads: [
      'newsiberian/apollo-link-token-refresh#63',
      'Flyrell/axios-auth-refresh#128',
      'iamdipanshusingh/dio_refresh#6',
      'ava/use-http#238',
    ],
  },
  (signal) => {
    const server = withServer(signal);

    const expectSentOnceOrNever = (): void => {
      for (const path of SENT) expect(server.tokensOf(path)).toEqual([T1]);
      for (const path of QUEUED) expect(server.tokensOf(path)).toEqual([]);
    };

    it.each(Object.entries(FAILURES))(
      'replays nothing and sends no waiting request when the refresh %s',
      async (_, reply) => {
        const client = createExpiredClient(server);
        server.refreshReply = reply;
        await storm(server, client);
        expectSentOnceOrNever();
        expect(server.hits).toHaveLength(SENT.length);
        expect(client.sentPaths).toHaveLength(SENT.length + 1);
      },
    );

    it.each([
      ['failed', json({}, 500)],
      ['was refused', json({ error: 'invalid_grant' }, 400)],
    ])('sends only new requests once there are tokens again, after the refresh %s', async (_, reply) => {
      stopClock();
      const client = createExpiredClient(server);
      server.refreshReply = reply;
      await storm(server, client);
      server.refreshReply = undefined;
      vi.advanceTimersByTime(1_000);
      if (client.session.state.status === 'signed-out') await client.session.signIn(server.issue());

      expect(await lastValueFrom(client.api.get$<Echo>('/next'))).toMatchObject({ by: 'a.access.2', nth: 1 });
      expectSentOnceOrNever();
      expect(server.hits).toHaveLength(SENT.length + 1);
    });

    it('never sends a POST a second time that the server has refused once', async () => {
      const { api } = createExpiredClient(server);
      server.refreshReply = json({}, 503);
      const refresh = server.hold(({ path }) => path === REFRESH);
      const sent = settleAll([api.post$('/pay', { amount: 1 })]);
      await refresh.arrived(1);
      const held = settleAll([api.post$('/pay', { amount: 2 })]);
      refresh.open();
      expect(errorsOf([...(await sent), ...(await held)])).toMatchObject(Array(2).fill({ code: 'refresh' }));
      expect(server.hitsOf('/pay').map(({ body }) => `${body}`)).toEqual(['{"amount":1}']);
    });
  },
);
