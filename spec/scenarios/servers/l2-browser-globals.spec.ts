import { ajaxTransport, createApi, createSession, isApiError, webStorageStore } from 'renewal';
import { NEVER, type Observable } from 'rxjs';
import { expect, it } from 'vitest';
import { run } from '../../examples/run';
import { failureMode } from '../../support/failure-mode';
import { createClient, errorOf } from '../../support/server-client';
import { withServer } from '../../support/with-server';

const SCRIPT = 'spec/support/scripts/plain-node.ts';

failureMode(
  {
    id: 'L2',
    title: 'A library for browsers breaks when a server loads it',
    renewal:
      'It loads and works in Node without `window`, `XMLHttpRequest`, `navigator` and `localStorage`. A feature that needs one of them reports so when it is used: as the error of a request, or as a warning on `events$`.',
    threads: ['auth0/auth0-spa-js#578', 'ReactiveX/rxjs#2099', 'ReactiveX/rxjs#7535'],
  },
  (signal) => {
    const server = withServer(signal);

    it('works in a Node without any browser global', { timeout: 60_000 }, async () => {
      const { accessToken, refreshToken } = server.issue();
      server.live.delete(accessToken);
      const { code, stdout, stderr } = await run(SCRIPT, [server.origin, accessToken, refreshToken]);
      expect([code, stderr]).toEqual([0, '']);
      const { body, warnings } = JSON.parse(stdout);
      expect(body).toMatchObject({ path: '/orders', by: 'a.access.2', nth: 2 });
      // There is no localStorage to write to: the session continues in memory, with a warning.
      expect(new Set(warnings)).toEqual(new Set(['load: ReferenceError', 'write: ReferenceError']));
      expect(server.refreshes).toBe(1);
    });

    /** The message of an error, and of its cause. */
    const messageOf = async (request: Observable<unknown>): Promise<string> => {
      const error = await errorOf(request);
      expect(isApiError(error, 'request')).toBe(true);
      return `${Object(error).message} ${Object(Object(error).cause).message}`;
    };

    it('names the missing baseUrl for a relative url without a page', async () => {
      expect(await messageOf(createApi().get$('/orders'))).toMatch(/^GET \/orders: .*baseUrl/);
      const { session } = createClient(server);
      expect(() => createApi({ session })).toThrow(/^baseUrl: expected a url, or allowedOrigins/);
      const api = createApi({ session, allowedOrigins: [server.origin] });
      expect(await messageOf(api.get$('/orders'))).toMatch(/^GET \/orders: .*baseUrl/);
    });

    it('names the missing XMLHttpRequest for the browser transport', async () => {
      const transport = ajaxTransport({ createXHR: () => new XMLHttpRequest() });
      const request = createApi({ baseUrl: server.origin, transport }).get$('/orders');
      expect(await messageOf(request)).toContain('XMLHttpRequest');
    });

    it('throws nothing before it is used', () => {
      expect(() => [webStorageStore(), ajaxTransport(), createApi()]).not.toThrow();
      const session = createSession({ store: webStorageStore(), refresh: () => NEVER });
      expect(session.state).toMatchObject({ status: 'signed-out', reason: 'none' });
    });
  },
);
