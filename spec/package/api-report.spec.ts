import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtReport, ENTRIES } from '../../scripts/api-report';
import { root } from './support/run';

const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

describe('the public declarations', () => {
  it.each(ENTRIES)('are those of $report', async (entry) => {
    const built = await builtReport(entry);
    expect(built, 'a public declaration has changed; to accept that, run: npm run api').toBe(await read(entry.report));
  });

  it.each(['index', 'devtools', 'stream', 'redis', 'testing', 'node'])(
    'are the same for ES modules and CommonJS: %s',
    async (name) => {
      expect(await read(`dist/${name}.d.cts`)).toBe(await read(`dist/${name}.d.ts`));
    },
  );
});
