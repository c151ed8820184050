import type { Body } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Echo, REFRESH, SIGNALS } from '../support/server';
import { createExpiredClient } from '../support/server-client';
import { withServer } from '../support/with-server';

const BYTES = Uint8Array.from({ length: 1_024 }, (_, index) => index % 256);

const BODIES: readonly (readonly [what: string, body: Body, bytes: Buffer])[] = [
  ['an object', { text: 'zwölf ✓', deep: [1, null] }, Buffer.from('{"text":"zwölf ✓","deep":[1,null]}')],
  ['an array', [1, 'zwei'], Buffer.from('[1,"zwei"]')],
  ['a string', 'zwölf\r\n✓\0', Buffer.from('zwölf\r\n✓\0')],
  ['a form', new URLSearchParams({ text: 'zwölf & ✓' }), Buffer.from('text=zw%C3%B6lf+%26+%E2%9C%93')],
  ['a buffer of bytes', BYTES.buffer, Buffer.from(BYTES)],
  ['a view of some of the bytes', BYTES.subarray(100, 300), Buffer.from(BYTES.subarray(100, 300))],
  ['a megabyte', 'ö'.repeat(524_288), Buffer.from('ö'.repeat(524_288))],
  ['nothing', null, Buffer.alloc(0)],
];

const bounded = (form: string, boundary: string): string => form.replaceAll(boundary, '--');

describe.each(SIGNALS)('the body of a POST, by %s', (signal) => {
  const server = withServer(signal);

  it.each(BODIES)('arrives with the same bytes on both attempts: %s', async (_, body, bytes) => {
    const { api } = createExpiredClient(server);
    expect(await lastValueFrom(api.post$<Echo>('/orders', body))).toMatchObject({ nth: 2 });
    const bodies = server.hitsOf('/orders').map((hit) => hit.body);
    expect(bodies).toHaveLength(2);
    for (const arrived of bodies) expect(arrived.equals(bytes)).toBe(true);
  });

  it.each<[what: string, make: () => { body: Body; change: () => void }]>([
    [
      'an object',
      () => {
        const body = { amount: 1 };
        return { body, change: () => Object.assign(body, { amount: 1_000 }) };
      },
    ],
    [
      'a form',
      () => {
        const body = new URLSearchParams({ amount: '1' });
        return { body, change: () => body.set('amount', '1000') };
      },
    ],
    [
      'FormData with a file',
      () => {
        const body = new FormData();
        body.set('amount', '1');
        body.set('receipt', new File(['zwölf'], 'receipt.txt'));
        const change = () => {
          body.set('amount', '1000');
          body.delete('receipt');
        };
        return { body, change };
      },
    ],
    [
      'bytes',
      () => {
        const body = new TextEncoder().encode('{"amount":1}');
        return { body, change: () => body.fill(0) };
      },
    ],
  ])('is the same on both attempts if the caller changes it in between: %s', async (_, make) => {
    const { api } = createExpiredClient(server);
    const refresh = server.hold(({ path }) => path === REFRESH);
    const { body, change } = make();
    const request = lastValueFrom(api.post$<Echo>('/orders', body));
    await refresh.arrived(1);
    change();
    refresh.open();
    await request;
    // The boundary of a form differs each time.
    const [first, second] = server.hitsOf('/orders').map(({ body }) => `${body}`.replace(/^(--\S+)[\s\S]*/, bounded));
    expect(first).toMatch(/amount/);
    expect(second).toBe(first);
  });

  it('of a request that only waited is sent once', async () => {
    const { api } = createExpiredClient(server);
    const refresh = server.hold(({ path }) => path === REFRESH);
    const first = lastValueFrom(api.get$('/first'));
    await refresh.arrived(1);
    const waiting = lastValueFrom(api.put$<Echo>('/orders', { amount: 1 }));
    refresh.open();
    await first;
    expect(await waiting).toMatchObject({ by: 'a.access.2', nth: 1 });
    expect(server.hitsOf('/orders')).toMatchObject([{ method: 'PUT', body: Buffer.from('{"amount":1}') }]);
  });
});
