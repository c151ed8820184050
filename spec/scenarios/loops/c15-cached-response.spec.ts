import { createApi, createSession, fetchTransport, type HttpRequest, memoryStore } from 'renewal';
import { lastValueFrom, of } from 'rxjs';
import { afterEach, expect, it, vi } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { createVirtualClient, expiredBy, ORIGIN } from '../../support/virtual';

afterEach(() => vi.unstubAllGlobals());

failureMode(
  {
    id: 'C15',
    title: 'The second attempt is answered by the HTTP cache with the expired response to the first',
    renewal:
      'The second attempt reaches the server: `fetch` is called with the cache mode `reload`, and an `XMLHttpRequest` to the page’s own origin says `cache-control: no-cache`. To another origin that header could fail the preflight, so it is left out there.',
  },
  (signal) => {
    it('asks for a reload with the second attempt, and only with it', async () => {
      const requests: HttpRequest[] = [];
      const { api } = createVirtualClient({
        signal,
        answer: (request, answer) => {
          requests.push(request);
          return of(answer);
        },
      });
      await lastValueFrom(api.get$('/a'));
      await lastValueFrom(api.get$('/a'));
      expect(requests.map(({ cache }) => cache)).toEqual([undefined, 'reload', undefined]);
    });

    /** A client over a fetch that is refused with the first token, and what fetch was called with. */
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

    it('hands that mode to fetch', async () => {
      const { api, modes } = createFetching();
      expect(await lastValueFrom(api.get$('/a'))).toEqual({ a: 1 });
      expect(modes).toEqual([undefined, 'reload']);
    });

    it('leaves the mode out on a platform that refuses it', async () => {
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
