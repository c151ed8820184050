import { isApiError } from 'renewal';
import { describe, expect, it } from 'vitest';
import { createShopClient } from '../../examples/recipes/fetch-openapi-fetch';
import { itRenewsOnce, serveJson, startForeignServer } from '../support/foreign-server';

const serve = serveJson((url, body) => ({ id: url.split('/').at(-1), ...(body && JSON.parse(body)) }));

describe('the recipe of openapi-fetch', () => {
  itRenewsOnce(
    serve,
    ({ api, origin }) => {
      const shop = createShopClient(api, origin);
      return async (index) => (await shop.GET('/orders/{id}', { params: { path: { id: `${index}` } } })).data;
    },
    (index) => ({ id: `${index}` }),
  );

  const ONE = { params: { path: { id: '1' } } };

  it('sends a body a second time', async () => {
    const { api, origin, expire, counts } = await startForeignServer(serve);
    expire();
    const { data } = await createShopClient(api, origin).PUT('/orders/{id}', { ...ONE, body: { quantity: 3 } });
    expect(data).toEqual({ id: '1', quantity: 3 });
    expect(counts().refreshes).toBe(1);
  });

  it('runs its middleware once for both attempts, without the token', async () => {
    const { api, origin, expire, authorizations } = await startForeignServer(serve);
    const seen: unknown[] = [];
    const shop = createShopClient(api, origin);
    shop.use({
      onRequest: ({ request }) => void seen.push(request.headers.get('authorization')),
      onResponse: ({ response }) => void seen.push(response.status),
    });
    expire();
    await shop.GET('/orders/{id}', ONE);
    expect(seen).toEqual([null, 200]);
    expect(authorizations).toEqual(['Bearer ada.access.1', 'Bearer ada.access.2']);
  });

  it('has an authorization of its middleware take the place of the token', async () => {
    const { api, origin, authorizations, counts } = await startForeignServer(serve);
    const shop = createShopClient(api, origin);
    shop.use({ onRequest: ({ request }) => request.headers.set('authorization', 'Basic shop') });
    expect((await shop.GET('/orders/{id}', ONE)).response.status).toBe(401);
    expect({ authorizations, ...counts() }).toMatchObject({ authorizations: ['Basic shop'], refreshes: 0 });
  });

  it('rejects with the error of the session', async () => {
    const { api, origin, revoke } = await startForeignServer(serve);
    revoke();
    const error = await createShopClient(api, origin)
      .GET('/orders/{id}', ONE)
      .catch((error: unknown) => error);
    expect(isApiError(error, 'session-expired')).toBe(true);
  });

  it('closes the connection on abort', async () => {
    const controller = new AbortController();
    const { api, origin, aborted } = await startForeignServer((_request, response) => {
      response.writeHead(200).write('a part');
      controller.abort();
    });
    const get = createShopClient(api, origin).GET('/orders/{id}', { ...ONE, signal: controller.signal });
    await expect(get).rejects.toMatchObject({ name: 'AbortError' });
    await aborted();
  });
});
