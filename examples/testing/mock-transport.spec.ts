import { createApi } from 'renewal';
import { mockTransport } from 'renewal/testing';
import { expect, it } from 'vitest';

it('shows the message of the server', () => {
  const transport = mockTransport();
  const api = createApi({ baseUrl: 'https://shop.example/api/', transport });
  const messages: string[] = [];
  api.get$('orders', { params: { page: 2 } }).subscribe({ error: ({ serverMessage }) => messages.push(serverMessage) });
  const orders = transport.expectOne('GET /api/orders'); // fails by listing what was requested
  expect(orders.request.url).toBe('https://shop.example/api/orders?page=2');
  orders.flush({ message: 'closed for today' }, { status: 503 });
  expect(messages).toEqual(['closed for today']);
  transport.verify(); // names what has no response, and what no test has expected
});
