import { createApi } from 'renewal';
import { mockTransport } from 'renewal/testing';
import { afterEach, expect, it } from 'vitest';

const transport = mockTransport();
const api = createApi({ baseUrl: 'https://shop.example/api/', transport });

afterEach(() => {
  transport.verify(); // names requests without a response, and requests that no test expected
});

it('shows the message of the server', () => {
  const messages: string[] = [];
  api.get$('orders', { params: { page: 2 } }).subscribe({ error: ({ serverMessage }) => messages.push(serverMessage) });
  const { request, flush } = bound(transport.expectOne('GET /api/orders'));
  expect(request.url).toBe('https://shop.example/api/orders?page=2');
  flush({ message: 'closed' }, { status: 503 });
  expect(messages).toEqual(['closed']);
});
