import { createApi, type HttpResponse, type TokenGrant } from 'renewal';
import { NEVER, of, throwError } from 'rxjs';
import { beforeEach, expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createIssuer, type Issuer } from '../../support/issuer';
import { createVirtualClient, ORIGIN, response } from '../../support/virtual';

failureMode(
  {
    id: 'B16',
    title: 'The refresh is retried by default, although a rotated token is valid only once',
    renewal:
      'One refresh is one call of `refresh`. `refreshRetries` adds tries: after `Retry-After` or after 1 s, 2 s, 4 s, and all within `refreshTimeoutMs`.',
  },
  (signal) => {
    let startMs: number;

    beforeEach(() => {
      stopClock();
      startMs = Date.now();
    });

    /** A refresh endpoint with this response to the `count`th call, and its calls. */
    const createEndpoint = (answer: (count: number) => HttpResponse | undefined): Issuer =>
      createIssuer({}, (grant, count) => {
        const answered = answer(count);
        if (!answered) return throwError(() => new Error('offline'));
        const http = createApi({ baseUrl: ORIGIN, transport: () => of(answered) });
        return answered.status < 400 ? of(grant) : http.post$<TokenGrant>('/renewal');
      });

    const offline = () => undefined;

    /** The times of the calls, in milliseconds from the start. */
    const triesOf = ({ askedAtMs }: Issuer): number[] => askedAtMs.map((atMs) => atMs - startMs);

    it('calls `refresh` once by default', () => {
      const issuer = createEndpoint(offline);
      const { api } = createVirtualClient({ signal, refresh: issuer.refresh });
      expect(outcomeOf(api.get$('/a'))).toMatchObject({ error: { code: 'refresh' } });
      vi.advanceTimersByTime(60_000);
      expect(triesOf(issuer)).toEqual([0]);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('retries after 1 s, 2 s and 4 s with refreshRetries; reports the last failure', () => {
      const issuer = createEndpoint(offline);
      const { api, sent } = createVirtualClient({ signal, refresh: issuer.refresh, refreshRetries: 3 });
      const outcomes = [outcomeOf(api.get$('/a')), outcomeOf(api.get$('/held'))];
      vi.advanceTimersByTime(6_999);
      expect(outcomes).toEqual([{ values: [] }, { values: [] }]);
      vi.advanceTimersByTime(1);
      expect(outcomes).toMatchObject(Array(2).fill({ values: [], error: { code: 'refresh' } }));
      expect(triesOf(issuer)).toEqual([0, 1_000, 3_000, 7_000]);
      expect(issuer.presented).toEqual(Array(4).fill('R1'));
      expect(sent).toEqual(['GET /a T1']);
    });

    it('replays the waiting requests once, when a retry succeeds', () => {
      const issuer = createEndpoint((count) => (count < 3 ? undefined : response(200)));
      const { api, sent } = createVirtualClient({ signal, refresh: issuer.refresh, refreshRetries: 3 });
      const outcomes = [outcomeOf(api.get$('/a')), outcomeOf(api.get$('/held'))];
      vi.advanceTimersByTime(3_000);
      expect(outcomes).toEqual(Array(2).fill(completedWith({ by: 'T4' })));
      expect(sent).toEqual(['GET /a T1', 'GET /a T4', 'GET /held T4']);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('waits for the time in Retry-After between two tries', () => {
      const issuer = createEndpoint((count) =>
        count === 1 ? response(503, null, { 'retry-after': '7' }) : response(200),
      );
      const { api } = createVirtualClient({ signal, refresh: issuer.refresh, refreshRetries: 1 });
      const outcome = outcomeOf(api.get$('/a'));
      vi.advanceTimersByTime(7_000);
      expect(outcome).toEqual(completedWith({ by: 'T3' }));
      expect(triesOf(issuer)).toEqual([0, 7_000]);
    });

    it('does not retry a refused refresh', () => {
      const issuer = createEndpoint((count) => (count === 1 ? undefined : response(400, { error: 'invalid_grant' })));
      const { api } = createVirtualClient({ signal, refresh: issuer.refresh, refreshRetries: 5 });
      const outcome = outcomeOf(api.get$('/a'));
      vi.advanceTimersByTime(1_000);
      expect(outcome).toMatchObject({ error: { code: 'session-expired' } });
      vi.advanceTimersByTime(60_000);
      expect(triesOf(issuer)).toEqual([0, 1_000]);
    });

    it('starts no try that cannot end by refreshTimeoutMs, and keeps the last error', () => {
      const issuer = createEndpoint(() => response(503));
      const { api } = createVirtualClient({ signal, refresh: issuer.refresh, refreshRetries: 100 });
      const outcome = outcomeOf(api.get$('/a'));
      vi.advanceTimersByTime(15_000);
      expect(outcome).toMatchObject({ error: { code: 'refresh', cause: { status: 503 } } });
      expect(triesOf(issuer)).toEqual([0, 1_000, 3_000, 7_000, 15_000]);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('ends a hanging try by refreshTimeoutMs, counted from the first try', () => {
      const issuer = createIssuer({}, (_grant, count) =>
        count === 1 ? throwError(() => new Error('offline')) : NEVER,
      );
      const { api } = createVirtualClient({ signal, refresh: issuer.refresh, refreshRetries: 3 });
      const outcome = outcomeOf(api.get$('/a'));
      vi.advanceTimersByTime(29_999);
      expect(outcome).toEqual({ values: [] });
      vi.advanceTimersByTime(1);
      expect(outcome).toMatchObject({ error: { code: 'refresh' } });
      expect(triesOf(issuer)).toEqual([0, 1_000]);
    });

    it('counts a refresh with all its retries as one failure, with a cool-down of 1 s', () => {
      const issuer = createEndpoint(offline);
      const { api } = createVirtualClient({ signal, refresh: issuer.refresh, refreshRetries: 2 });
      outcomeOf(api.get$('/a'));
      vi.advanceTimersByTime(3_999);
      expect(outcomeOf(api.get$('/soon'))).toMatchObject({ error: { code: 'refresh' } });
      vi.advanceTimersByTime(1);
      outcomeOf(api.get$('/then'));
      expect(triesOf(issuer)).toEqual([0, 1_000, 3_000, 4_000]);
    });

    it.each(['signOut', 'destroy'] as const)('does not retry after %s', (end) => {
      const issuer = createEndpoint(offline);
      const { api, session } = createVirtualClient({ signal, refresh: issuer.refresh, refreshRetries: 5 });
      const outcome = outcomeOf(api.get$('/a'));
      vi.advanceTimersByTime(500);
      session[end]();
      expect(outcome).toMatchObject({ error: { code: 'signed-out' } });
      expect(vi.getTimerCount()).toBe(0);
      vi.advanceTimersByTime(60_000);
      expect(triesOf(issuer)).toEqual([0]);
    });
  },
);
