import type { TokenGrant } from 'renewal';
import { lastValueFrom, Subject, throwError } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { type Echo, REFRESH } from '../../support/server';
import { createExpiredClient, errorsOf, paths, settleAll } from '../../support/server-client';
import { createVirtualClient, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

failureMode(
  {
    id: 'N6',
    title: '`shareReplay(1)` on the refresh: an old token is replayed for ever',
    renewal:
      'A refresh is shared by the requests that wait for it and by no later one: each expiry has its own, and a failure reaches all of them and is not repeated.',
    threads: ['ReactiveX/rxjs#5548', 'ReactiveX/rxjs#2908', 'ReactiveX/rxjs#6760', 'ReactiveX/rxjs#4530'],
  },
  (signal) => {
    const server = withServer(signal);

    it('runs one refresh for each expiry, and never repeats the previous token', async () => {
      const { api } = createExpiredClient(server);
      for (const by of ['a.access.2', 'a.access.3']) {
        server.live.clear();
        const results = await settleAll(paths(3).map((path) => api.get$<Echo>(path)));
        expect(results).toMatchObject(Array(3).fill({ value: { by } }));
      }
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.2']);
    });

    it('runs a failing refresh once for requests before, during and after it', async () => {
      const { api } = createExpiredClient(server);
      server.refreshReply = { status: 503 };
      const refresh = server.hold(({ path }) => path === REFRESH);
      const before = settleAll(paths(3, 'before').map((path) => api.get$(path)));
      await refresh.arrived(1);
      const during = settleAll(paths(3, 'in between').map((path) => api.get$(path)));
      refresh.open();
      const results = [...(await before), ...(await during)];
      const after = await settleAll(paths(3, 'after').map((path) => api.get$(path)));

      const errors = errorsOf([...results, ...after]);
      expect(errors).toHaveLength(9);
      expect(new Set(errors).size).toBe(1);
      expect(errors[0]).toMatchObject({ code: 'refresh' });
      expect(server.refreshes).toBe(1);
    });

    it('forgets a failure: the next refresh is a new one, and emits no old error', () => {
      virtually(({ cold, flush }) => {
        let isBroken = true;
        const issuer = createIssuer({}, (grant) =>
          isBroken ? throwError(() => new Error()) : cold('-(g|)', { g: grant }),
        );
        const { api } = createVirtualClient({ signal, isDead: (token) => token === 'T1', refresh: issuer.refresh });
        const early = outcomeOf(api.get$('/a'));
        isBroken = false;
        cold('1s a').subscribe(() => late.push(...['/b', '/c'].map((path) => outcomeOf(api.get$(path)))));
        const late: unknown[] = [];
        flush();
        expect(early).toMatchObject({ error: { code: 'refresh' } });
        expect(late).toEqual(Array(2).fill({ values: [{ by: 'T3' }], isComplete: true }));
        expect(issuer.askedAtMs).toEqual([0, 1_000]);
      });
    });

    it('runs again for a later refresh$(), and once for all that overlap', async () => {
      const grants = new Subject<TokenGrant>();
      const { api, session } = createVirtualClient({ signal, refresh: () => grants, isDead: () => false });
      const asked$ = session.refresh$();
      const both = [outcomeOf(asked$), outcomeOf(asked$)];
      grants.next({ accessToken: 'T2' });
      const again = outcomeOf(asked$);
      grants.next({ accessToken: 'T3' });
      for (const outcome of both) expect(outcome).toMatchObject({ values: [{ accessToken: 'T2' }], isComplete: true });
      expect(again).toMatchObject({ values: [{ accessToken: 'T3' }], isComplete: true });
      expect(await lastValueFrom(api.get$('/a'))).toEqual({ by: 'T3' });
    });
  },
);
