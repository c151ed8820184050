import type { TokenGrant } from 'renewal';
import { delay, NEVER, of, TimeoutError, timeout } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createVirtualClient, virtually } from '../../support/virtual';

failureMode(
  {
    id: 'D5',
    title: 'Waiting for the refresh has no limit, or uses up the timeout of the request',
    renewal:
      '`timeoutMs` is the time of one attempt on the wire, without waiting. The `timeout` of RxJS around a request bounds the whole, and the refresh continues for the others.',
    threads: ['jrl84/amazon-sp-api#300'],
  },
  (signal) => {
    /** A client whose responses take 10 ms, and whose refresh takes 5 s. */
    const createSlow = (timeoutMs = 0) => {
      const client = createVirtualClient({
        signal,
        refresh: () => of<TokenGrant>({ accessToken: 'T2' }).pipe(delay(5_000)),
        respond: (_request, answer) => of(answer).pipe(delay(10)),
      });
      return { ...client, api: client.api.extend({ timeoutMs }) };
    };

    it('does not count the wait for the refresh, for earlier and later requests', () => {
      virtually(({ expectObservable }) => {
        const { api } = createSlow(1_000);
        expectObservable(api.get$('/sent')).toBe('5020ms (v|)', { v: { by: 'T2' } });
        expectObservable(api.get$('/held'), '2s ^').toBe('5020ms (v|)', { v: { by: 'T2' } });
      });
    });

    it('ends an attempt without a response, and starts no refresh for it', () => {
      virtually(({ expectObservable, flush }) => {
        const { api, session, sent } = createVirtualClient({ signal, respond: () => NEVER });
        const error = expect.objectContaining({ name: 'RequestTimeoutError', code: 'timeout' });
        expectObservable(api.get$('/hangs', { timeoutMs: 1_000 })).toBe('1s #', undefined, error);
        flush();
        expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T1' } });
        expect(sent).toEqual(['GET /hangs T1']);
      });
    });

    it('lets a caller bound the whole with `timeout`, while the refresh continues', () => {
      virtually(({ cold, expectObservable, expectSubscriptions, flush }) => {
        const refresh = cold<TokenGrant>('5s (g|)', { g: { accessToken: 'T2' } });
        const { api, session, sent } = createVirtualClient({ signal, refresh: () => refresh });
        const late = expect.any(TimeoutError);
        expectObservable(api.get$('/starts').pipe(timeout(1_000))).toBe('1s #', undefined, late);
        expectObservable(api.get$('/held').pipe(timeout(1_000)), '500ms ^').toBe('1500ms #', undefined, late);
        expectObservable(api.get$('/other'), '500ms ^').toBe('5s (v|)', { v: { by: 'T2' } });
        expectSubscriptions(refresh.subscriptions).toBe('^ 4999ms !');
        flush();
        expect(sent).toEqual(['GET /starts T1', 'GET /other T2']);
        expect(session.state).toMatchObject({ status: 'active', tokens: { accessToken: 'T2' } });
      });
    });

    it('counts the wait and both attempts in a `timeout` around the request', () => {
      virtually(({ expectObservable, flush }) => {
        const { api, sent } = createSlow();
        expectObservable(api.get$('/within').pipe(timeout(5_021))).toBe('5020ms (v|)', { v: { by: 'T2' } });
        expectObservable(api.get$('/beyond').pipe(timeout(5_019))).toBe(
          '5019ms #',
          undefined,
          expect.any(TimeoutError),
        );
        flush();
        expect(sent.filter((line) => line.endsWith('T2'))).toHaveLength(2);
      });
    });
  },
);
