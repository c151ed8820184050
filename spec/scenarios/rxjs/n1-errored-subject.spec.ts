import { lastValueFrom, of, throwError } from 'rxjs';
import { expect, it } from 'vitest';
import { eventsOf } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { type Echo, json, type Reply } from '../../support/server';
import { createExpiredClient, errorOf } from '../../support/server-client';
import { createVirtualClient } from '../../support/virtual';
import { withServer } from '../../support/with-server';

/** The ways in which a refresh may fail without a cool-down for the next one. */
const FAILURES: readonly (readonly [string, Reply])[] = [
  ['is refused', json({ error: 'invalid_grant' }, 400)],
  ['fails transiently', { status: 503, headers: { 'retry-after': '0' } }],
];

failureMode(
  {
    id: 'N1',
    title: 'A subject that has errored is dead: later subscribers get the old error',
    renewal:
      'The error of a refresh goes to the requests that waited for it. No stream of the session ever errors, and the next refresh is a new one.',
    threads: ['repsyio/repsy#213'],
  },
  (signal) => {
    const server = withServer(signal);

    it.each(FAILURES)('refreshes as usual after a refresh that %s and a new sign-in', async (_, reply) => {
      const { api, session } = createExpiredClient(server);
      server.refreshReply = reply;
      expect(await errorOf(api.get$('/before'))).toBeInstanceOf(Error);
      server.refreshReply = undefined;
      await session.signIn(server.issue('b'));
      server.live.clear();

      expect(await lastValueFrom(api.get$<Echo>('/after'))).toMatchObject({ by: 'b.access.2', nth: 2 });
      expect(server.presented).toEqual(['a.refresh.1', 'b.refresh.1']);
    });

    it('refreshes with the same tokens with which a refresh has failed', async () => {
      const { api } = createExpiredClient(server);
      server.refreshReply = { status: 503, headers: { 'retry-after': '0' } };
      const errors = [await errorOf(api.get$('/one')), await errorOf(api.get$('/two'))];
      expect(errors).toMatchObject([{ code: 'refresh' }, { code: 'refresh' }]);
      expect(errors[0]).not.toBe(errors[1]);
      server.refreshReply = undefined;

      expect(await lastValueFrom(api.get$<Echo>('/three'))).toMatchObject({ by: 'a.access.2' });
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1', 'a.refresh.1']);
    });

    it('emits the current state to subscribers before, between and after the failures', async () => {
      let isRefused = true;
      const { api, session } = createVirtualClient({
        signal,
        isDead: (token) => token !== 'T2',
        isRefused: () => true,
        refresh: () => (isRefused ? throwError(() => new Error()) : of({ accessToken: 'T2' })),
      });
      const before = outcomeOf(session.state$);
      const events = eventsOf(api);
      outcomeOf(api.get$('/a'));
      const between = outcomeOf(session.state$);
      isRefused = false;
      await session.signIn({ accessToken: 'B1' });
      expect(outcomeOf(api.get$('/b'))).toEqual(completedWith({ by: 'T2' }));

      const seen = ['active', 'expired', 'refreshing', 'signed-out', 'active', 'expired', 'refreshing', 'active'];
      expect(before).toEqual({ values: seen.map((status) => expect.objectContaining({ status })) });
      expect(between).toEqual({ values: before.values.slice(3) });
      expect(outcomeOf(session.state$)).toEqual({ values: before.values.slice(-1) });
      expect(events.at(-1)).toMatchObject({ type: 'request', phase: 'settled', status: 200 });
    });

    it.each(['refresh$', 'accessToken$'] as const)(
      'runs a new refresh for each later subscriber of %s',
      async (ask) => {
        let isRefused = true;
        const { api, session } = createVirtualClient({
          signal,
          isRefused: () => true,
          refresh: () => (isRefused ? throwError(() => new Error()) : of({ accessToken: 'T2' })),
        });
        const asked$ = session[ask]();
        outcomeOf(api.get$('/a'));
        expect(outcomeOf(asked$)).toMatchObject({ error: { code: 'signed-out' } });
        isRefused = false;
        await session.signIn({ accessToken: 'B1' });
        expect(outcomeOf(asked$)).toMatchObject({ values: [expect.anything()], isComplete: true });
      },
    );
  },
);
