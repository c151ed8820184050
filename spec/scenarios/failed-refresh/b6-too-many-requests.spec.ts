import { isApiError } from 'renewal';
import { beforeEach, expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import type { Echo } from '../../support/server';
import { createExpiredClient, errorOf, errorsOf, paths, settleAll } from '../../support/server-client';
import { storm } from '../../support/server-storm';
import { withServer } from '../../support/with-server';

const SIGNED_IN = { accessToken: 'a.access.1', refreshToken: 'a.refresh.1' };

const RETRY_AFTER: readonly (readonly [how: string, status: number, header: () => string, ms: number])[] = [
  ['a number of seconds', 429, () => '7', 7_000],
  ['a number of seconds, with a 503', 503, () => '7', 7_000],
  ['an hour if it asks for more than a day', 429, () => '100000', 3_600_000],
  ['an hour if it is a Unix time', 429, () => '1764451200', 3_600_000],
  ['a date', 429, () => new Date(Date.now() + 7_000).toUTCString(), 7_000],
  ['0, which is no wait', 429, () => '0', 0],
];

failureMode(
  {
    id: 'B6',
    title: 'A 429 of the refresh endpoint signs the user out, or causes more refreshes',
    renewal:
      'No refresh starts before `Retry-After` is over; it counts for an hour at most. Requests fail fast until then, with a `RefreshError` that has the wait; the session is kept.',
    threads: ['ginlix-ai/LangAlpha#379', 'ginlix-ai/LangAlpha#387', 'decocms/studio#6122', 'decocms/studio#6200'],
  },
  (signal) => {
    const server = withServer(signal);

    beforeEach(stopClock);

    const refuseMore = (status: number, retryAfter?: string): void => {
      server.refreshReply = { status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } };
    };

    it('sends no refresh before Retry-After is over, and then exactly one', async () => {
      const client = createExpiredClient(server);
      refuseMore(429, '2');
      const errors = await storm(server, client);
      expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(errors.length);
      expect(errors[0]).toMatchObject({ retryAfterMs: 2_000, cause: { status: 429 } });
      const hits = server.hits.length;

      // Twenty requests in two seconds, the last of them a millisecond too early.
      for (const stepMs of [...Array(19).fill(100), 99]) {
        vi.advanceTimersByTime(stepMs);
        expect(outcomeOf(client.api.get$('/soon')).error).toBe(errors[0]);
      }
      expect(server.refreshes).toBe(1);
      expect(server.hits).toHaveLength(hits);
      expect(client.session.state).toMatchObject({ status: 'expired', tokens: SIGNED_IN });
      expect(await client.store.load()).toMatchObject(SIGNED_IN);

      server.refreshReply = undefined;
      vi.advanceTimersByTime(1);
      const results = await settleAll(paths(10, 'later').map((path) => client.api.get$<Echo>(path)));
      expect(errorsOf(results)).toEqual(Array(10).fill(undefined));
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1']);
    });

    it.each(RETRY_AFTER)('reads Retry-After as %s', async (_, status, header, ms) => {
      const { api } = createExpiredClient(server);
      refuseMore(status, header());
      expect(await errorOf(api.get$('/first'))).toMatchObject({ code: 'refresh', retryAfterMs: ms });
      server.refreshReply = undefined;
      if (ms > 0) {
        vi.advanceTimersByTime(ms - 1);
        expect(await errorOf(api.get$('/soon'))).toMatchObject({ code: 'refresh' });
        vi.advanceTimersByTime(1);
      }
      expect(await errorOf(api.get$('/then'))).toBeUndefined();
      expect(server.refreshes).toBe(2);
    });

    it.each([undefined, '', 'soon', '-5', '0x10', '1.5', 'Infinity', 'Tue, 01 Jan 2019 00:00:00 GMT'])(
      'waits a second if Retry-After is unusable: %s',
      async (retryAfter) => {
        const { api } = createExpiredClient(server);
        refuseMore(429, retryAfter);
        expect(await errorOf(api.get$('/first'))).not.toHaveProperty('retryAfterMs');
        server.refreshReply = undefined;
        vi.advanceTimersByTime(999);
        expect(await errorOf(api.get$('/soon'))).toMatchObject({ code: 'refresh' });
        vi.advanceTimersByTime(1);
        expect(await errorOf(api.get$('/then'))).toBeUndefined();
        expect(server.refreshes).toBe(2);
      },
    );
  },
);
