import { isApiError, type SessionExpiredError } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, type Reply } from '../../support/server';
import { createExpiredClient } from '../../support/server-client';
import { storm } from '../../support/server-storm';
import { withServer } from '../../support/with-server';

const SIGNED_IN = { accessToken: 'a.access.1', refreshToken: 'a.refresh.1' };

const html = (status: number): Reply => ({ status, type: 'text/html', body: `<h1>${status}</h1>` });

/** Responses of a failing server, or of a proxy before it. */
const OUTAGES: readonly (readonly [status: number, how: string, reply: Reply])[] = [
  [500, 'JSON that mentions the token', json({ error: 'invalid_grant' }, 500)],
  [500, 'HTML', html(500)],
  [501, 'no body', { status: 501 }],
  [502, 'HTML', html(502)],
  [503, 'JSON', json({ message: 'maintenance' }, 503)],
  [504, 'no body', { status: 504 }],
  [520, 'no body', { status: 520 }],
  [530, 'HTML', html(530)],
  [404, 'HTML', html(404)],
  [404, 'JSON that mentions the token', json({ error: 'invalid_grant' }, 404)],
];

failureMode(
  {
    id: 'B5',
    title: 'A 5xx of the refresh endpoint, or a proxy’s 404, signs the user out',
    renewal: 'A failing server has not refused the token: the session is kept, and the next try is a second later.',
    threads: ['owncloud/client#9380', 'schulydev/Schuly#492'],
  },
  (signal) => {
    const server = withServer(signal);

    it.each(OUTAGES)('keeps the session after %i with %s, and refreshes afterwards', async (status, _, reply) => {
      stopClock();
      const expired: SessionExpiredError[] = [];
      const client = createExpiredClient(server, { onSessionExpired: (error) => expired.push(error) });
      server.refreshReply = reply;
      const errors = await storm(server, client);
      expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(errors.length);
      expect(errors[0]).toMatchObject({ cause: { code: 'status', status } });
      expect(client.session.state).toMatchObject({ status: 'expired', tokens: SIGNED_IN, error: errors[0] });
      expect(await client.store.load()).toMatchObject(SIGNED_IN);

      server.refreshReply = undefined;
      vi.advanceTimersByTime(1_000);
      expect(await lastValueFrom(client.api.get$<Echo>('/back'))).toMatchObject({ by: 'a.access.2', nth: 1 });
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1']);
      expect(expired).toEqual([]);
    });
  },
);
