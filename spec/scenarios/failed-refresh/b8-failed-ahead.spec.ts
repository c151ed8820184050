import { createApi, type HttpResponse, memoryStore, type SessionExpiredError, type TokenGrant } from 'renewal';
import { of, Subject, throwError } from 'rxjs';
import { beforeEach, expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient, ORIGIN, response } from '../../support/virtual';

/** Lives two minutes; every later token does too. */
const GRANT: TokenGrant = { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 120_000 };
const AHEAD_MS = 60_000;

const offline = () => throwError(() => new Error('offline'));

failureMode(
  {
    id: 'B8',
    title: 'A refresh ahead of expiry fails, and signs the user out with a live token',
    renewal:
      'A transient failure changes nothing before the token expires: requests go on with it. Only a refusal ends the session early, since it is final.',
    threads: ['supabase/supabase-js#2436', 'supabase-community/supabase-kt#919'],
  },
  (signal) => {
    beforeEach(stopClock);

    it('sends requests with the live token, and retries after 1 s, 2 s and 4 s', () => {
      const startMs = Date.now();
      const { askedAtMs, refresh } = createIssuer({}, offline);
      const { api, session } = createVirtualClient({ signal, grant: GRANT, isDead: () => false, refresh });
      vi.advanceTimersByTime(AHEAD_MS);
      // Ten requests a second, until 0.1 s before the expiry.
      for (let count = 0; count < 600; count++) {
        expect(outcomeOf(api.get$('/orders'))).toEqual(completedWith({ by: 'T1' }));
        vi.advanceTimersByTime(100);
      }
      expect(askedAtMs.map((atMs) => atMs - startMs - AHEAD_MS)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000]);
      expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T1', refreshToken: 'R1' } });
    });

    it('keeps the stored tokens, and reports no end of the session', () => {
      const expired: SessionExpiredError[] = [];
      const store = memoryStore(GRANT);
      const { api, session } = createVirtualClient({
        signal,
        store,
        isDead: () => false,
        refresh: offline,
        onSessionExpired: (error) => expired.push(error),
      });
      const states: string[] = [];
      session.state$.subscribe(({ status }) => states.push(status));
      vi.advanceTimersByTime(AHEAD_MS);
      outcomeOf(api.get$('/orders'));
      expect(states).toEqual(['active', 'refreshing', 'active']);
      expect(store.load()).toMatchObject({ accessToken: 'T1', refreshToken: 'R1' });
      expect(expired).toEqual([]);
    });

    it('lets requests wait for the next refresh once the token has expired', () => {
      const issuer = createIssuer({}, (grant, count) => (count < 2 ? offline() : of(grant)));
      const { api, sent } = createVirtualClient({ signal, grant: GRANT, isDead: () => false, refresh: issuer.refresh });
      vi.advanceTimersByTime(AHEAD_MS);
      outcomeOf(api.get$('/ahead'));
      vi.advanceTimersByTime(AHEAD_MS);
      expect(outcomeOf(api.get$('/after'))).toEqual(completedWith({ by: 'T3' }));
      expect(sent).toEqual(['GET /ahead T1', 'GET /after T3']);
      expect(issuer.presented).toEqual(['R1', 'R1']);
    });

    it('sends nothing with the expired token while the next refresh cools down', () => {
      const { api, session, sent } = createVirtualClient({
        signal,
        grant: GRANT,
        isDead: () => false,
        refresh: offline,
      });
      vi.advanceTimersByTime(119_999);
      expect(outcomeOf(api.get$('/ahead'))).toEqual(completedWith({ by: 'T1' }));
      vi.advanceTimersByTime(1);
      expect(outcomeOf(api.get$('/after'))).toMatchObject({ values: [], error: { code: 'refresh' } });
      expect(sent).toEqual(['GET /ahead T1']);
      expect(session.state).toMatchObject({ tokens: { accessToken: 'T1' } });
    });

    it('fails waiting requests if the server rejects the token before the refresh fails', () => {
      const refresh$ = new Subject<TokenGrant>();
      let isDead = false;
      const { api, session, sent } = createVirtualClient({
        signal,
        grant: GRANT,
        isDead: () => isDead,
        refresh: () => refresh$,
      });
      vi.advanceTimersByTime(AHEAD_MS);
      expect(outcomeOf(api.get$('/beside'))).toEqual(completedWith({ by: 'T1' }));
      isDead = true;
      const waiting = [outcomeOf(api.get$('/refused')), outcomeOf(api.get$('/held'))];
      expect(waiting).toEqual([{ values: [] }, { values: [] }]);
      refresh$.error(new Error('offline'));
      expect(waiting).toMatchObject(Array(2).fill({ values: [], error: { code: 'refresh' } }));
      expect(session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'T1' } });
      expect(sent).toEqual(['GET /beside T1', 'GET /refused T1']);
    });

    it('fails fast when the server rejects the token during the cool-down', () => {
      let isDead = false;
      const { askedAtMs, refresh } = createIssuer({}, offline);
      const { api, session } = createVirtualClient({ signal, grant: GRANT, isDead: () => isDead, refresh });
      vi.advanceTimersByTime(AHEAD_MS);
      outcomeOf(api.get$('/beside'));
      isDead = true;
      expect(outcomeOf(api.get$('/refused'))).toMatchObject({ values: [], error: { code: 'refresh' } });
      expect(session.state).toMatchObject({ status: 'expired', tokens: { accessToken: 'T1' } });
      expect(askedAtMs).toHaveLength(1);
    });

    it('ends the session if the refresh token is refused, even with a live access token', () => {
      const expired: SessionExpiredError[] = [];
      const store = memoryStore(GRANT);
      const answer$ = new Subject<HttpResponse>();
      const http = createApi({ baseUrl: ORIGIN, transport: () => answer$ });
      const { api, session, sent } = createVirtualClient({
        signal,
        store,
        isDead: () => false,
        refresh: () => http.post$('/renewal'),
        onSessionExpired: (error) => expired.push(error),
      });
      vi.advanceTimersByTime(AHEAD_MS);
      expect(outcomeOf(api.get$('/beside'))).toEqual(completedWith({ by: 'T1' }));
      answer$.next(response(400, { error: 'invalid_grant' }));
      answer$.complete();
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
      expect(expired).toMatchObject([{ code: 'session-expired', cause: { code: 'status', status: 400 } }]);
      expect(store.load()).toBeNull();
      outcomeOf(api.get$('/after'));
      expect(sent).toEqual(['GET /beside T1', 'GET /after -']);
      expect(expired).toHaveLength(1);
    });
  },
);
