import { cp } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { output, root } from './support/run';

const consumer = inject('consumer');
let server: Server;
let baseUrl: string;

beforeAll(async () => {
  await cp(join(root, 'spec/package/consumer'), consumer, { recursive: true });
  server = createServer((request, response) => {
    if (request.url === '/broken') return response.destroy();
    response.writeHead(request.url === '/orders' ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify([{ id: 1 }]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
});

describe.each([
  ['import', 'import.mjs'],
  ['require', 'require.cjs'],
])('the package in Node, through %s', (system, script) => {
  it('gets JSON, recognises its own errors, and lets the process end', async () => {
    const said = JSON.parse(await output(process.execPath, [script, baseUrl], consumer));
    expect(said).toEqual({ orders: [{ id: 1 }], missing: [true, true, true], broken: [true, true, true] });
  });

  it.each(['renewal', 'renewal/devtools', 'renewal/stream', 'renewal/redis', 'renewal/testing', 'renewal/node'])(
    'touches no global and starts nothing by loading %s',
    async (entry) => {
      const { touched, before, after } = JSON.parse(
        await output(process.execPath, ['globals.mjs', system, entry], consumer),
      );
      // lru-cache looks for a clock.
      expect(touched).toEqual(entry === 'renewal/redis' ? ['performance'] : []);
      expect(after).toEqual(before);
    },
  );
});

describe('the package twice in one process, by import and by require', () => {
  it('recognises errors and contexts of the other copy, and refuses its session', async () => {
    const said = JSON.parse(await output(process.execPath, ['copies.mjs'], consumer));
    const { areTwo, refusal, outcomes, sent, context } = said;
    expect(areTwo).toBe(true);
    expect(refusal).toMatch(
      /^TypeError: session: made by another copy of renewal; use bearer\(session, \{ allowedOrigins \}\)/,
    );
    // The other copy's interceptor refreshes the token, and keeps it from other origins.
    expect(outcomes.slice(0, 2)).toEqual([[{ by: 'Bearer T2' }], [{ by: '-' }]]);
    expect(sent).toEqual([
      'https://api.test/orders Bearer T1',
      'https://api.test/orders Bearer T2',
      'https://other.test/orders -',
      'https://api.test/missing Bearer T2',
    ]);
    expect(outcomes[2]).toEqual([[false, true, true]]);
    expect(context).toBe(7);
  });
});
