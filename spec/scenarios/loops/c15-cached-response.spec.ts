import { createApi, createSession, fetchTransport, type HttpRequest, memoryStore } from 'renewal';
import { lastValueFrom, of } from 'rxjs';
import { afterEach, expect, it, vi } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createVirtualClient, expiredBy, ORIGIN } from '../../support/virtual';

afterEach(() => vi.unstubAllGlobals());

failureMode(
  {
    id: 'C15',
    title: 'The HTTP cache returns the expired response again to the second attempt',
    renewal:
      'The second attempt reaches the server: `fetch` is called with the cache mode `reload`, and an `XMLHttpRequest` to the page’s own origin has `cache-control: no-cache`. To another origin that header could fail the preflight, so it is omitted there.',
  },
  (signal) => {
    it('requests a reload with the second attempt, and only with it', async () => {
      const requests: HttpRequest[] = [];
      const { api } = createVirtualClient({
        signal,
        respond: (request, answer) => {
          requests.push(request);
          return of(answer);
        },
      });
      await lastValueFrom(api.get$('/a'));
      await lastValueFrom(api.get$('/a'));
      expect(requests.map(({ cache }) => cache)).toEqual([undefined, 'reload', undefined]);
    });

    /** A client over a fetch that rejects the first token, and the calls of that fetch. */
    const createFetching = () => {
      const modes: (RequestCache | undefined)[] = [];
      const { status, body } = expiredBy(signal);
      const dead = () => new Response(JSON.stringify(body), { status });
      const api = createApi({
        baseUrl: ORIGIN,
        session: createSession({
          store: memoryStore({ accessToken: 'T1' }),
          refresh: () => of({ accessToken: 'T2' }),
        }),
        transport: fetchTransport({
          fetch: async (_url, init) => {
            modes.push(init?.cache);
            return modes.length === 1 ? dead() : new Response('{"a":1}');
          },
        }),
      });
      return { api, modes };
    };

    it('passes the cache mode to fetch', async () => {
      const { api, modes } = createFetching();
      expect(await lastValueFrom(api.get$('/a'))).toEqual({ a: 1 });
      expect(modes).toEqual([undefined, 'reload']);
    });

    it('omits the cache mode on a platform that refuses it', async () => {
      vi.stubGlobal(
        'Request',
        class {
          constructor(_url: string, init?: RequestInit) {
            if (init?.cache) throw new TypeError('Unsupported cache mode: reload');
          }
        },
      );
      const { api, modes } = createFetching();
      expect(await lastValueFrom(api.get$('/a'))).toEqual({ a: 1 });
      expect(modes).toEqual([undefined, undefined]);
    });
  },
);
