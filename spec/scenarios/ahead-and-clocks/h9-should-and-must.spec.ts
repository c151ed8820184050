import { NetworkError, type TokenGrant } from 'renewal';
import type { Observable } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createVirtualClient, virtually } from '../../support/virtual';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };

failureMode(
  {
    id: 'H9',
    title: 'Requests wait for a refresh that was only a precaution',
    renewal:
      'Near its expiry a token is still valid: requests leave with it in the same tick, and the refresh runs beside them. Requests wait only if the token has expired or was rejected.',
    threads: ['Azure/azure-sdk-for-js#14223', 'Azure/azure-sdk-for-js#30244'],
  },
  (signal) => {
    /** A token that lives for 20 ms, near its expiry in the last 10 of them. */
    const createNearExpiry = (refresh: Observable<TokenGrant>, isDead = (_: string) => false) =>
      createVirtualClient({
        signal,
        grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 20 },
        isDead,
        refresh: () => refresh,
      });

    it('sends requests at once with the live token, and later with the new one', () => {
      virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const refresh = cold<TokenGrant>('----(a|)', { a: T2 });
        const { api, session, sent } = createNearExpiry(refresh);
        const request$ = api.get$('/a');
        expectObservable(request$, '---------^').toBe('---------(v|)', { v: { by: 'T1' } });
        expectObservable(request$, '----------^').toBe('----------(v|)', { v: { by: 'T1' } });
        expectObservable(request$, '-------------^').toBe('-------------(v|)', { v: { by: 'T1' } });
        expectObservable(session.accessToken$(), '-------------^').toBe('-------------(v|)', { v: 'T1' });
        expectObservable(request$, '---------------^').toBe('---------------(v|)', { v: { by: 'T2' } });
        expectSubscriptions(refresh.subscriptions).toBe('----------^---!');
        flush();
        expect(sent).toEqual(['GET /a T1', 'GET /a T1', 'GET /a T1', 'GET /a T2']);
      });
    });

    it('sends requests at once with the live token when kept fresh, too', () => {
      virtually(({ cold, expectObservable, expectSubscriptions }) => {
        const refresh = cold<TokenGrant>('----(a|)', { a: T2 });
        const { api, session } = createNearExpiry(refresh);
        session.keepFresh$().subscribe();
        expectObservable(api.get$('/a'), '------------^').toBe('------------(v|)', { v: { by: 'T1' } });
        expectSubscriptions(refresh.subscriptions).toBe('----------^---!');
      });
    });

    it('lets requests wait for the same refresh once the token has expired', () => {
      virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const refresh = cold<TokenGrant>('14ms (a|)', { a: T2 });
        const { api, sent } = createNearExpiry(refresh);
        expectObservable(api.get$('/a'), '10ms ^').toBe('10ms (v|)', { v: { by: 'T1' } });
        expectObservable(api.get$('/b'), '19ms ^').toBe('19ms (v|)', { v: { by: 'T1' } });
        expectObservable(api.get$('/c'), '20ms ^').toBe('24ms (v|)', { v: { by: 'T2' } });
        expectSubscriptions(refresh.subscriptions).toBe('10ms ^ 13ms !');
        flush();
        expect(sent).toEqual(['GET /a T1', 'GET /b T1', 'GET /c T2']);
      });
    });

    it('lets requests wait for the same refresh once the server rejects the token', () => {
      virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const refresh = cold<TokenGrant>('----(a|)', { a: T2 });
        let isDead = false;
        const { api, sent } = createNearExpiry(refresh, (token) => isDead && token === 'T1');
        cold('------------a').subscribe(() => {
          isDead = true;
        });
        expectObservable(api.get$('/a'), '-----------^').toBe('-----------(v|)', { v: { by: 'T1' } });
        expectObservable(api.get$('/b'), '------------^').toBe('15ms (v|)', { v: { by: 'T2' } });
        expectObservable(api.get$('/c'), '-------------^').toBe('15ms (v|)', { v: { by: 'T2' } });
        expectSubscriptions(refresh.subscriptions).toBe(['-----------^---!']);
        flush();
        expect(sent).toEqual(['GET /a T1', 'GET /b T1', 'GET /b T2', 'GET /c T2']);
      });
    });

    it('hides a failed early refresh from requests for as long as the token lives', () => {
      virtually(({ cold, expectObservable, flush }) => {
        const failing = cold<TokenGrant>('--#', undefined, new NetworkError('no complete answer'));
        const { api, session, sent } = createNearExpiry(failing);
        for (const at of ['10ms ^', '12ms ^', '19ms ^']) {
          expectObservable(api.get$('/a'), at).toBe(at.replace('^', '(v|)'), { v: { by: 'T1' } });
        }
        cold('19ms a').subscribe(() => expect(session.state.status).toBe('active'));
        expectObservable(api.get$('/b'), '20ms ^').toBe(
          '20ms #',
          undefined,
          expect.objectContaining({ code: 'refresh' }),
        );
        flush();
        expect(sent).toEqual(Array(3).fill('GET /a T1'));
      });
    });

    it('completes requests with a live token, although the early refresh is refused', () => {
      virtually(({ cold, expectObservable, flush }) => {
        const { api, session } = createVirtualClient({
          signal,
          grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 20 },
          isDead: () => false,
          respond: (_, answer) => cold('-----(a|)', { a: answer }),
          refresh: () => cold<TokenGrant>('--#'),
          isRefused: () => true,
        });
        expectObservable(api.get$('/a'), '----------^').toBe('---------------(v|)', { v: { by: 'T1' } });
        flush();
        expect(session.state).toMatchObject({ status: 'signed-out', reason: 'session-expired' });
      });
    });
  },
);
