import {
  anyOf,
  businessCode,
  createApi,
  envelope,
  isApiError,
  isRefusal,
  type SessionOptions,
  type TokenGrant,
} from 'renewal';
import { lastValueFrom } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { eventsOf, warningsIn } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, REFRESH, type Reply } from '../../support/server';
import { createExpiredClient, errorsOf, paths, settleAll, type TestClient } from '../../support/server-client';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'B22',
    title: 'A back end’s own code for "sign in again", with status 200, signs no user out',
    renewal:
      'A code that `isRefused` does not know is transient, and a warning on `events$` names it; `anyOf(isRefusal, businessCode(1003))` makes it final.',
    threads: ['logamee/lin-cms-flask#39'],
  },
  (signal) => {
    const server = withServer(signal);

    const createClassic = (options: Partial<SessionOptions> = {}): TestClient => {
      const http = createApi({ baseUrl: server.origin, interceptors: [envelope()] });
      return createExpiredClient(server, {
        refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
        ...options,
      });
    };

    const fail = async (client: TestClient, reply: Reply): Promise<unknown> => {
      server.refreshReply = reply;
      const errors = errorsOf(await settleAll(paths(5).map((path) => client.api.get$(path))));
      expect(new Set(errors).size).toBe(1);
      expect(server.refreshes).toBe(1);
      return errors[0];
    };

    it.each([1003, '1003'])('ends the session for the code %j if isRefused names it', async (code) => {
      const expired = vi.fn();
      const client = createClassic({ isRefused: anyOf(isRefusal, businessCode(1003)), onSessionExpired: expired });
      const error = await fail(client, json({ code, message: 'please sign in' }));
      expect(error).toMatchObject({ code: 'session-expired', cause: { code: 'business', businessCode: code } });
      expect(expired.mock.calls).toEqual([[error]]);
      expect(client.session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
      expect(await client.store.load()).toBeNull();
    });

    it.each([json({ code: 1002, message: 'expired' }), json({ error: 'invalid_grant' }, 400), { status: 401 }])(
      'still ends the session for the codes of the default: %j',
      async (reply) => {
        const client = createClassic({ isRefused: anyOf(businessCode(1003), isRefusal) });
        expect(isApiError(await fail(client, reply), 'session-expired')).toBe(true);
      },
    );

    it.each([
      [1003, '1003'],
      ['E_LOGIN', 'E_LOGIN'],
      ['AUTH.1003', 'AUTH.1003'],
      ['a'.repeat(33), '…'],
      ['a code\nof two lines', '…'],
      [{ hidden: 'a.access.1' }, '…'],
    ])('keeps the session for an unknown code, and warns: %j', async (code, shown) => {
      stopClock();
      const client = createClassic();
      const events = eventsOf(client.api);
      const error = await fail(client, json({ code, message: 'a.refresh.1' }));
      expect(error).toMatchObject({ code: 'refresh', cause: { code: 'business' } });
      expect(client.session.state.status).toBe('expired');
      expect(warningsIn(events)).toEqual([`refresh: isRefused does not know the code ${shown}`]);

      server.refreshReply = json({ code: 0, data: server.issue() });
      vi.advanceTimersByTime(1_000);
      expect(await lastValueFrom(client.api.get$<Echo>('/next'))).toMatchObject({ by: 'a.access.2' });
      expect(warningsIn(events)).toHaveLength(1);
    });

    it('warns once for one refresh, however often it is retried', async () => {
      stopClock();
      const client = createClassic({ refreshRetries: 1 });
      const events = eventsOf(client.api);
      server.refreshReply = json({ code: 1003 });
      const failed = vi.fn();
      client.session.refresh$().subscribe({ error: failed });
      await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(1));
      await vi.waitFor(() => {
        vi.advanceTimersByTime(1_000);
        expect(failed).toHaveBeenCalledOnce();
      });
      expect(server.refreshes).toBe(2);
      expect(warningsIn(events)).toEqual(['refresh: isRefused does not know the code 1003']);
    });

    it('warns of an unknown code in a response to restore', async () => {
      const http = createApi({ baseUrl: server.origin, interceptors: [envelope()] });
      server.replies.set('/restore', json({ code: 1003 }));
      const restore = () => http.post$<TokenGrant>('/restore', null);
      const client = createClassic({ restore, store: { load: () => null, save: () => {}, clear: () => {} } });
      const events = eventsOf(client.api);
      await settleAll([client.api.get$('/orders')]);
      expect(warningsIn(events)).toEqual(['restore: isRefused does not know the code 1003']);
    });
  },
);
