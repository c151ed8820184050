import { HttpContext, HttpContextToken, type Interceptor, type RequestOptions } from 'renewal';
import { lastValueFrom, switchMap } from 'rxjs';
import { expect, it } from 'vitest';
import { accessToken, createBackendClient } from '../../support/backend-client';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import type { Echo } from '../../support/server';
import { createExpiredClient, errorsOf, settleAll } from '../../support/server-client';
import { createVirtualClient } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const TRIED = new HttpContextToken(() => 0);

const deepFrozen = <T extends object>(value: T): T => {
  for (const each of Object.values(value)) if (each instanceof Object) deepFrozen(each);
  return Object.freeze(value);
};

/** Options in a constant that all requests of an app share. */
const SHARED: RequestOptions<Echo> & { body: object } = deepFrozen({
  headers: { 'x-app': 'shop' },
  params: { page: 1, tags: ['a', 'b'] },
  body: { amount: 1 },
  context: new HttpContext(),
});

failureMode(
  {
    id: 'N11',
    title: 'The retry budget is stored on a config object that requests share',
    renewal:
      'A request keeps its own record: nothing is written to options, bodies, contexts or requests, and two requests may share them all.',
    threads: ['axios/axios#5700'],
  },
  (signal) => {
    const server = withServer(signal);

    it('gives each of several requests with one options object its own refresh', async () => {
      const { api } = createExpiredClient(server);
      for (const by of ['a.access.2', 'a.access.3', 'a.access.4']) {
        server.live.clear();
        expect(await lastValueFrom(api.request$<Echo>('POST', '/pay', SHARED))).toMatchObject({ body: { by } });
      }
      expect(server.refreshes).toBe(3);
      expect(server.hitsOf('/pay').map(({ body }) => `${body}`)).toEqual(Array(6).fill('{"amount":1}'));
    });

    it('replays each of several simultaneous requests with one options object', async () => {
      const { api } = createExpiredClient(server);
      const dead = server.hold(({ token }) => token === 'a.access.1');
      const results = settleAll(Array.from({ length: 3 }, () => api.request$('POST', '/pay', SHARED)));
      await dead.arrived(3);
      dead.open();
      expect(errorsOf(await results)).toEqual(Array(3).fill(undefined));
      expect(server.tokensOf('/pay')).toEqual([...Array(3).fill('a.access.1'), ...Array(3).fill('a.access.2')]);
      expect(server.refreshes).toBe(1);
    });

    it('gives each repetition of one request by an interceptor its own refresh', () => {
      const { backend, api, sent } = createBackendClient(signal, ['/a']);
      backend.expireTokens();
      const twice: Interceptor = (request, next) => {
        const kept = deepFrozen(request);
        return next(kept).pipe(
          switchMap(() => {
            backend.expireTokens();
            return next(kept);
          }),
        );
      };
      const outcome = outcomeOf(api.extend({ interceptors: [twice] }).request$('POST', '/a', SHARED));
      expect(outcome).toMatchObject({ values: [{ body: { by: accessToken(3) } }], isComplete: true });
      expect(sent.map((line) => line.split(' ')[2])).toEqual([1, 2, 2, 3].map(accessToken));
    });

    it('gives the interceptors of each request its own context', () => {
      const { api } = createVirtualClient({ signal });
      const seen: number[] = [];
      const counting: Interceptor = (request, next) => {
        seen.push(request.context.get(TRIED));
        request.context.set(TRIED, 1);
        return next(request);
      };
      const client = api.extend({ interceptors: [counting] });
      const request$ = client.request$('POST', '/a', SHARED);
      for (const each$ of [request$, request$, client.request$('POST', '/b', SHARED)]) outcomeOf(each$);
      expect(seen).toEqual([0, 0, 0]);
      expect(SHARED.context?.get(TRIED)).toBe(0);
    });
  },
);
