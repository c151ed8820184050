import { NetworkError, type SessionOptions, type TokenGrant } from 'renewal';
import { asyncScheduler, type Observable, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createIssuer } from '../../support/issuer';
import { createVirtualClient, virtually } from '../../support/virtual';

const SECOND_MS = 1_000;
const LIFE_MS = 60 * SECOND_MS;
const failing = (): Observable<TokenGrant> => throwError(() => new NetworkError('no complete answer'));
const failed = expect.objectContaining({ code: 'refresh' });

failureMode(
  {
    id: 'H10',
    title: 'An early refresh is retried without end, and callers that want a token hang',
    renewal:
      'A refresh with all its retries ends after `refreshTimeoutMs`, and waiting callers get its error; while the token lives no request waits.',
    threads: ['Azure/azure-sdk-for-js#29608'],
  },
  (signal) => {
    const createFailing = (options: Partial<SessionOptions> = {}) => {
      const issuer = createIssuer({}, failing);
      const grant: TokenGrant = { accessToken: 'T1', refreshToken: 'R1', expiresInMs: LIFE_MS };
      const { refresh } = issuer;
      const made = { signal, grant, isDead: () => false, refresh, refreshAheadMs: 20 * SECOND_MS, ...options };
      const asked = () => issuer.askedAtMs.map((atMs) => atMs / SECOND_MS);
      return { asked, ...createVirtualClient(made) };
    };

    it('ends the retries before the deadline, and starts none until the next request', () => {
      virtually(({ expectObservable, flush }) => {
        const { session, asked } = createFailing({ refreshRetries: Infinity });
        const ends: number[] = [];
        session.state$.subscribe(({ status }) => status === 'active' && ends.push(asyncScheduler.now() / SECOND_MS));
        expectObservable(session.refresh$(), '40s ^').toBe('55s #', undefined, failed);
        flush();
        // After 1, 2, 4 and 8 s; 16 more would exceed the 30 s.
        expect(asked()).toEqual([40, 41, 43, 47, 55]);
        expect(ends).toEqual([0, 55]);
      });
    });

    describe('during its retries', () => {
      it('requests leave at once with a live token; one that needs a new one fails in time', () => {
        virtually(({ expectObservable, flush }) => {
          const { api, session, sent } = createFailing({ refreshRetries: Infinity, refreshTimeoutMs: 40 * SECOND_MS });
          expectObservable(session.keepFresh$(), '^ 70s !').toBe('-');
          expectObservable(api.get$('/a'), '41s ^').toBe('41s (v|)', { v: { by: 'T1' } });
          expectObservable(api.get$('/b'), '59s ^').toBe('59s (v|)', { v: { by: 'T1' } });
          expectObservable(api.get$('/c'), '60s ^').toBe('71s #', undefined, failed);
          expectObservable(session.accessToken$(), '65s ^').toBe('71s #', undefined, failed);
          flush();
          expect(sent).toEqual(['GET /a T1', 'GET /b T1']);
        });
      });
    });

    it('cancels a refresh that never responds, and releases it', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const hanging = cold<TokenGrant>('-');
        const { api } = createFailing({ refresh: () => hanging });
        expectObservable(api.get$('/a'), '45s ^').toBe('45s (v|)', { v: { by: 'T1' } });
        expectObservable(api.get$('/b'), '60s ^').toBe('75s #', undefined, failed);
        expectSubscriptions(hanging.subscriptions).toBe('45s ^ 29999ms !');
      });
    });

    it('starts no further refresh after the last keepFresh$ subscriber', () => {
      virtually(({ expectObservable, flush }) => {
        const { session, asked } = createFailing();
        expectObservable(session.keepFresh$(), '^ 43s !').toBe('-');
        flush();
        expect(asked()).toEqual([40, 41, 43]);
      });
    });
  },
);
