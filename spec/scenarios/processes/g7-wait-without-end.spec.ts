import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { destroyAll, withFileClients } from '../../support/file-clients';
import { REFRESH } from '../../support/server';
import { errorOf, errorsOf, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'G7',
    title: 'The wait for another process has no end, or ends with the dead token',
    renewal:
      'After `lockTimeoutMs` the wait fails with a transient `RefreshError`. Nothing is sent, the session is kept, and the process that is alive keeps its lock.',
    threads: ['OpenHikmah/openhikmah-web#595', 'BerriAI/litellm#31474'],
  },
  (signal) => {
    const server = withServer(signal);
    const start = withFileClients(server);

    it('fails as transient, and goes on with the tokens of the other process later', async () => {
      const { clients, issued } = await start(2, { lockTimeoutMs: 300 });
      const [holder, other] = clients;
      if (!holder || !other) throw new Error('expected two clients');
      const refresh = server.hold(({ path }) => path === REFRESH);
      const held = settleAll([holder.api.get$('/orders')]);
      await refresh.arrived(1);
      expect(await errorOf(other.api.get$('/orders'))).toMatchObject({ code: 'refresh' });
      expect(other.session.state).toMatchObject({ status: 'expired', tokens: issued });
      refresh.open();
      expect(errorsOf(await held)).toEqual([undefined]);
      expect(await errorOf(other.session.refresh$({ rejected: issued.accessToken, force: true }))).toBeUndefined();
      expect(server.presented).toEqual([issued.refreshToken]);
      destroyAll(clients);
    });
  },
);
