import { createApi } from 'renewal';
import { lastValueFrom, of } from 'rxjs';
import { beforeEach, expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import type { Echo } from '../../support/server';
import { createClient, errorOf, errorsOf, paths, settleAll } from '../../support/server-client';
import { createVirtualClient, response, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T2 = 'a.access.2';

failureMode(
  {
    id: 'C2',
    title: 'A route that accepts no token costs a refresh at each call',
    renewal:
      'A route (method, origin, path) that has rejected a new token starts no further refresh with that token for 30 s: its expired responses are `TokenRejectedError` at once.',
  },
  (signal) => {
    const server = withServer(signal);

    beforeEach(() => {
      server.closedTo.add('/closed');
    });

    /** A client whose server accepts no token at all, and the number of its refreshes. */
    const createClosed = () => {
      let refreshes = 0;
      const client = createVirtualClient({
        signal,
        isDead: () => true,
        refresh: () => of({ accessToken: `T${++refreshes + 1}` }),
      });
      const refreshesAfter = (method: string, path: string): number => {
        outcomeOf(client.api.request$(method, path));
        return refreshes;
      };
      return { ...client, refreshesAfter };
    };

    it('sends each further call once, whatever its query, and does not refresh', async () => {
      const { api, session } = createClient(server);
      await errorOf(api.get$('/closed'));
      for (let call = 1; call <= 20; call++) {
        const error = await errorOf(api.get$('/closed', { params: { call } }));
        expect(error).toMatchObject({ code: 'token-rejected', response: { body: { by: T2, nth: 2 + call } } });
      }
      expect(server.refreshes).toBe(1);
      expect(server.hitsOf('/closed')).toHaveLength(22);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: T2 } });
    });

    it('sends simultaneous further calls once each, too', async () => {
      const { api } = createClient(server);
      await errorOf(api.get$('/closed'));
      const errors = errorsOf(await settleAll(paths(20).map(() => api.get$('/closed'))));
      expect(errors).toMatchObject(Array(20).fill({ code: 'token-rejected' }));
      expect(server.hitsOf('/closed')).toHaveLength(22);
      expect(server.refreshes).toBe(1);
    });

    it('treats the route like any other once it accepts the token', async () => {
      const { api } = createClient(server);
      await errorOf(api.get$('/closed'));
      server.closedTo.clear();
      expect(await lastValueFrom(api.get$<Echo>('/closed'))).toMatchObject({ by: T2, nth: 3 });
      expect(server.refreshes).toBe(1);
    });

    it('refreshes for other routes when the new token expires, and then for this one too', async () => {
      const { api } = createClient(server);
      await errorOf(api.get$('/closed'));
      server.live.clear();
      expect(await lastValueFrom(api.get$<Echo>('/orders'))).toMatchObject({ by: 'a.access.3', nth: 2 });
      expect(server.refreshes).toBe(2);

      server.closedTo.clear();
      server.live.clear();
      expect(await lastValueFrom(api.get$<Echo>('/closed'))).toMatchObject({ by: 'a.access.4' });
      expect(server.refreshes).toBe(3);
    });

    it('tells routes apart by method and path, not by query or hash', () => {
      const { refreshesAfter } = createClosed();
      expect(refreshesAfter('GET', '/a?page=1')).toBe(1);
      expect(refreshesAfter('GET', '/a?page=2')).toBe(1);
      expect(refreshesAfter('GET', '/a#top')).toBe(1);
      expect(refreshesAfter('POST', '/a')).toBe(2);
      expect(refreshesAfter('POST', '/a')).toBe(2);
      expect(refreshesAfter('POST', '/a/b')).toBe(3);
    });

    it('tells routes apart by origin', () => {
      let refreshes = 0;
      const { session } = createVirtualClient({ refresh: () => of({ accessToken: `T${++refreshes + 1}` }) });
      const refused = signal === 'HTTP 401' ? response(401) : response(200, { code: 1002 });
      const allowedOrigins = ['https://one.test', 'https://other.test'];
      const api = createApi({ session, allowedOrigins, transport: () => of(refused) });
      outcomeOf(api.get$('https://one.test/a'));
      expect(refreshes).toBe(1);
      outcomeOf(api.get$('https://other.test/a'));
      expect(refreshes).toBe(2);
      outcomeOf(api.get$('https://other.test/a'));
      expect(refreshes).toBe(2);
    });

    it('refreshes once more when the 30 s are over', () => {
      virtually(({ cold, flush }) => {
        const { refreshesAfter } = createClosed();
        const seen: number[] = [];
        cold('a 29s a 997ms a a', { a: 0 }).subscribe(() => seen.push(refreshesAfter('GET', '/a')));
        flush();
        expect(seen).toEqual([1, 1, 1, 2]);
      });
    });

    it('ends the 30 s early if the clock is set back', () => {
      stopClock();
      const { refreshesAfter } = createClosed();
      expect(refreshesAfter('GET', '/a')).toBe(1);
      vi.setSystemTime(0);
      vi.advanceTimersByTime(30_000);
      expect(refreshesAfter('GET', '/a')).toBe(2);
    });

    it('forgets the rejected routes at a sign-in', () => {
      const { session, refreshesAfter, sent } = createClosed();
      expect(refreshesAfter('GET', '/a')).toBe(1);
      session.signIn({ accessToken: 'B1' });
      expect(refreshesAfter('GET', '/a')).toBe(2);
      expect(sent.slice(2)).toEqual(['GET /a B1', 'GET /a T3']);
    });
  },
);
