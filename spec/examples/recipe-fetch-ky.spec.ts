import { HTTPError } from 'ky';
import { isApiError } from 'renewal';
import { describe, expect, it } from 'vitest';
import { createKy } from '../../examples/recipes/fetch-ky';
import { itRenewsOnce, serveJson, startForeignServer } from '../support/foreign-server';

const serve = serveJson((url, body) => ({ url, body }));

describe('the recipe of ky', () => {
  itRenewsOnce(
    serve,
    ({ api, origin }) => {
      const ky = createKy(api, origin);
      return (index) => ky.get(`orders/${index}`).json();
    },
    (index) => ({ url: `/orders/${index}`, body: '' }),
  );

  it('sends a body a second time', async () => {
    const { api, origin, expire, counts } = await startForeignServer(serve);
    expire();
    expect(
      await createKy(api, origin)
        .post('orders', { json: { id: 1 } })
        .json(),
    ).toEqual({
      url: '/orders',
      body: '{"id":1}',
    });
    expect(counts().refreshes).toBe(1);
  });

  it('rejects with the error of the session, after no retry', async () => {
    const { api, origin, revoke, authorizations } = await startForeignServer(serve);
    revoke();
    const error = await createKy(api, origin)
      .get('orders')
      .catch((error: unknown) => error);
    expect(isApiError(error, 'session-expired')).toBe(true);
    expect(authorizations).toEqual(['Bearer ada.access.1']);
  });

  it('retries what the session has no part in', async () => {
    const { api, origin, authorizations } = await startForeignServer((_request, response) => {
      response.writeHead(authorizations.length === 1 ? 503 : 200).end('ok');
    });
    expect(
      await createKy(api, origin)
        .get('orders', { retry: { delay: () => 0 } })
        .text(),
    ).toBe('ok');
    expect(authorizations).toHaveLength(2);
  });

  it('rejects with its own error for another status', async () => {
    const { api, origin } = await startForeignServer((_request, response) => {
      response.writeHead(404).end('no such order');
    });
    const error = await createKy(api, origin)
      .get('orders/1')
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(HTTPError);
    expect(error).toMatchObject({ response: { status: 404 } });
  });

  it('closes the connection on abort', async () => {
    const controller = new AbortController();
    const { api, origin, aborted } = await startForeignServer((_request, response) => {
      response.writeHead(200).write('a part');
      controller.abort();
    });
    const { signal } = controller;
    await expect(createKy(api, origin).get('orders', { signal }).text()).rejects.toMatchObject({ name: 'AbortError' });
    await aborted();
  });
});
