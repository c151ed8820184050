import type { ApiEvent, RequestEvent } from 'renewal';
import { delay, from, lastValueFrom, of } from 'rxjs';
import { expect, it } from 'vitest';
import { createBackendClient } from '../../support/backend-client';
import { describeEvent, eventsOf } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { json } from '../../support/server';
import { createExpiredClient, errorOf } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { createVirtualClient, lineOf, ORIGIN, virtually } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const requestsIn = (events: readonly ApiEvent[]): RequestEvent[] =>
  events.flatMap((event) => (event.type === 'request' ? event : []));

failureMode(
  {
    id: 'O6',
    title: 'Logs cannot be correlated: which request waited for which refresh and token?',
    renewal:
      'Events carry the number of the request, of its attempt and of the refresh, the generation of the tokens, and the time; never a token.',
  },
  (signal) => {
    const server = withServer(signal);

    it("reports the refresh that each request waited for, and each attempt's generation", () => {
      virtually(({ cold, flush }) => {
        const { backend, api } = createBackendClient(signal, ['/a', '/b', '/c'], ({ refresh }) => ({
          refresh: (tokens) => from(refresh(tokens)).pipe(delay(5)),
        }));
        backend.expireTokens();
        const events = eventsOf(api);
        cold('a-b 7ms c').subscribe((path) => {
          if (path === 'c') backend.expireTokens();
          outcomeOf(api.get$(`/${path}`));
        });
        flush();
        const reported = events.map((event) => `${event.atMs} ${describeEvent(event)}`);
        expect(reported).toEqual([
          '0 request 1 queued, attempt 0',
          '0 request 1 sent, attempt 1, generation 1',
          '0 request 1 token-expired, attempt 1, generation 1',
          '0 request 1 waiting, attempt 1, generation 1, refresh 1',
          '0 refresh 1 started, generation 1, waiting 1',
          '2 request 2 queued, attempt 0',
          '2 request 2 waiting, attempt 0, refresh 1',
          '5 refresh 1 succeeded, generation 1, waiting 2',
          '5 request 1 resent, attempt 2, generation 2',
          '5 request 1 settled, attempt 2, generation 2, status 200',
          '5 request 2 sent, attempt 1, generation 2',
          '5 request 2 settled, attempt 1, generation 2, status 200',
          '10 request 3 queued, attempt 0',
          '10 request 3 sent, attempt 1, generation 2',
          '10 request 3 token-expired, attempt 1, generation 2',
          '10 request 3 waiting, attempt 1, generation 2, refresh 2',
          '10 refresh 2 started, generation 2, waiting 1',
          '15 refresh 2 succeeded, generation 2, waiting 1',
          '15 request 3 resent, attempt 2, generation 3',
          '15 request 3 settled, attempt 2, generation 3, status 200',
        ]);
      });
    });

    it('names the method and the url of a request in each of its events, without query', () => {
      const { api } = createVirtualClient({ signal });
      const events = eventsOf(api);
      outcomeOf(api.post$('/a?page=1#top', { b: 1 }, { params: { c: 2 } }));
      const requests = requestsIn(events);
      expect(requests).toHaveLength(6);
      for (const event of requests) expect(event).toMatchObject({ method: 'POST', url: `${ORIGIN}/a` });
    });

    it('reports a response to an older token, which waits for no refresh', () => {
      virtually(({ flush }) => {
        const { api } = createVirtualClient({
          signal,
          respond: (request, answer) => of(answer).pipe(delay(lineOf(request) === 'GET /slow T1' ? 9 : 0)),
        });
        const events = eventsOf(api);
        for (const path of ['/slow', '/fast']) outcomeOf(api.get$(path));
        flush();
        const ofSlow = requestsIn(events).filter(({ requestId }) => requestId === 1);
        expect(ofSlow.map(describeEvent)).toEqual([
          'request 1 queued, attempt 0',
          'request 1 sent, attempt 1, generation 1',
          'request 1 token-expired, attempt 1, generation 1',
          'request 1 resent, attempt 2, generation 2',
          'request 1 settled, attempt 2, generation 2, status 200',
        ]);
      });
    });

    it('tells a request without a token from one with one', () => {
      const { api, session } = createVirtualClient({ signal, isDead: () => false });
      const events = eventsOf(api);
      outcomeOf(api.get$('/a'));
      outcomeOf(api.get$('/a', { auth: false }));
      session.signOut();
      outcomeOf(api.get$('/a'));
      const sent = requestsIn(events).filter(({ phase }) => phase === 'sent');
      expect(sent.map(({ generation }) => generation)).toEqual([1, undefined, undefined]);
    });

    it('reports each client its own requests, and all clients of a session the refresh', () => {
      const { api } = createVirtualClient({ signal });
      const others = eventsOf(api.extend({}));
      const own = eventsOf(api);
      outcomeOf(api.get$('/a'));
      expect(requestsIn(others)).toEqual([]);
      expect(others).toEqual(own.filter(({ type }) => type === 'refresh'));
      expect(others.map(describeEvent)).toEqual([
        'refresh 1 started, generation 1, waiting 1',
        'refresh 1 succeeded, generation 1, waiting 1',
      ]);
    });

    it('shows no token, whatever happens to the session', async () => {
      const { api, session } = createExpiredClient(server);
      const events = eventsOf(api);
      await lastValueFrom(api.get$('/orders', { params: { token: 'a.access.1' } }));
      server.live.clear();
      server.refreshReply = json({ error: 'invalid_grant', refreshToken: 'a.refresh.2' }, 400);
      await errorOf(api.post$('/orders', { token: 'a.access.1' }));
      await session.signIn(server.issue('b'));
      await session.signOut();

      expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['request', 'refresh', 'session']));
      expect(tokensShownBy(events)).toEqual([]);
    });
  },
);
