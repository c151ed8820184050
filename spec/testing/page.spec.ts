import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const lib = (path: string): string => fileURLToPath(new URL(`../../lib/${path}`, import.meta.url));

/** The storm of the page: 50 requests with a dead token, whose responses come at uneven moments, and one refresh. */
const STORM = `
import { createApi, createSession, memoryStore } from 'renewal';
import { fakeBackend } from 'renewal/testing';
import { forkJoin, map, timer } from 'rxjs';

export const storm = () =>
  new Promise((resolve, reject) => {
    const backend = fakeBackend({
      latencyMs: 5,
      routes: { '/orders': ({ query }) => timer((Number(query.get('id')) * 7) % 20).pipe(map(() => ({ id: query.get('id') }))) },
    });
    const session = createSession({ store: memoryStore(backend.issue('ada')), refresh: backend.refresh });
    const api = createApi({ baseUrl: 'https://shop.example', session, transport: backend.transport });
    backend.expireTokens();
    const requests = Array.from({ length: 50 }, (_, id) => api.get$('/orders', { params: { id } }));
    forkJoin(requests).subscribe({
      next: (orders) => {
        backend.verify();
        resolve(JSON.stringify({ ids: orders.map(({ id }) => Number(id)), refreshes: backend.refreshes, log: backend.log }));
      },
      error: reject,
    });
  });
`;

const bundle = async (): Promise<{ readonly code: string; readonly builtins: readonly string[] }> => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: STORM, resolveDir: lib('.') },
    alias: {
      renewal: lib('index.ts'),
      'renewal/testing': lib('testing/index.ts'),
      '#xhr': lib('transports/xhr.ts'),
    },
    bundle: true,
    format: 'iife',
    globalName: 'page',
    platform: 'browser',
    metafile: true,
    write: false,
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  return { code: outputFiles.map(({ text }) => text).join(''), builtins: imports };
};

describe('renewal/testing in a page', () => {
  it('shows the storm of 50 without a server, a fetch or an XMLHttpRequest', async () => {
    const { code, builtins } = await bundle();
    expect(builtins).toEqual([]);
    const { URL, URLSearchParams, setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
    const platform = { URL, URLSearchParams, setTimeout, clearTimeout, setInterval, clearInterval };
    const { ids, refreshes, log } = JSON.parse(await runInNewContext(`${code}; page.storm()`, platform));
    expect(ids).toEqual(Array.from({ length: 50 }, (_, id) => id));
    expect(refreshes).toBe(1);
    const statusesOf = (status: number) => log.filter((entry: { status: number }) => entry.status === status).length;
    expect([log.length, statusesOf(401), statusesOf(200)]).toEqual([101, 50, 51]);
  });
});
