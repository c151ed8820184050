import { createServer } from 'node:http';
import { type Api, createApi, createSession, fetchTransport, memoryStore, type Session } from 'renewal';
import { type ServerSentEvent, sse$ } from 'renewal/stream';
import { firstValueFrom, map, take, tap, toArray } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { createPackingFeed, type PackingFeed } from '../../examples/angular/packing-feed';
import type { Parcel } from '../../examples/angular/src/app/packing/parcel';
import { CLIENT_KEY, DEMO_USER, type Envelope, type TokenPair } from '../../examples/shop/protocol';
import { createShop, type Shop } from '../../examples/shop/server';
import { listen } from '../support/listen';

const toGrant = ({ data }: Envelope<TokenPair>) => ({
  accessToken: `${data?.token}`,
  ...(data && { refreshToken: data.refreshToken }),
});

describe('the packing feed of the example for Angular', () => {
  let shop: Shop;
  let feed: PackingFeed;
  let session: Session;
  let api: Api;

  beforeEach(async () => {
    shop = createShop();
    const shopUrl = await shop.listen();
    feed = createPackingFeed(shopUrl, { intervalMs: 10, retryMs: 1 });
    const { port, close } = await listen(createServer(feed.handle));
    const http = createApi({ baseUrl: shopUrl });
    session = createSession({
      store: memoryStore(toGrant(await firstValueFrom(http.post$<Envelope<TokenPair>>('app/login', DEMO_USER)))),
      refresh: ({ refreshToken }) =>
        http.post$<Envelope<TokenPair>>('app/renewal', { authorization: CLIENT_KEY, refreshToken }).pipe(map(toGrant)),
    });
    api = createApi({ baseUrl: `http://127.0.0.1:${port}`, session, transport: fetchTransport() });
    return async () => {
      session.destroy();
      await close();
      await shop.close();
    };
  });

  const parcels$ = () => sse$<Parcel>(api, 'packing', { parse: 'json' });

  it('loses and doubles no event when the token expires', async () => {
    const events: ServerSentEvent<Parcel>[] = await firstValueFrom(
      parcels$().pipe(
        tap(({ data }) => {
          if (data.packed % 5 !== 0) return;
          shop.expireAccessTokens();
          feed.cut();
        }),
        take(30),
        toArray(),
      ),
    );
    const first = events[0]?.data.packed ?? 0;
    expect(events.map(({ id, data }) => [id, data.packed])).toEqual(
      events.map((_event, index) => [`${first + index}`, first + index]),
    );
    expect(shop.counters().refreshes).toBeGreaterThanOrEqual(2);
    expect(shop.counters().reuseDetected).toBe(0);
  });

  it('passes on the response of the shop to an expired token', async () => {
    shop.expireAccessTokens();
    expect((await firstValueFrom(parcels$())).data).toMatchObject({ item: expect.any(String) });
    expect(shop.counters()).toMatchObject({ refreshes: 1, expiredResponses: 1 });
  });
});
