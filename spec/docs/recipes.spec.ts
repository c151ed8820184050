import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const guide = readFileSync(join(root, 'docs/recipes.md'), 'utf8');

/** A block of code below the comment that names its file. */
const BLOCK = /<!-- (examples\/recipes\/[\w./-]+) -->\n\n```ts\n.*?```/gs;

describe('docs/recipes.md', () => {
  it('shows the code of each recipe', async () => {
    const current = guide.replace(BLOCK, (_, path) => {
      const code = readFileSync(join(root, path), 'utf8');
      return `<!-- ${path} -->\n\n\`\`\`ts\n${code}\`\`\``;
    });
    await expect(current).toMatchFileSnapshot(join(root, 'docs/recipes.md'));
  });

  it('has each file of examples/recipes', () => {
    const shown = [...guide.matchAll(BLOCK)].map(([, path]) => path);
    const files = readdirSync(join(root, 'examples/recipes')).map((name) => `examples/recipes/${name}`);
    expect(files.filter((path) => !shown.includes(path))).toEqual([]);
  });

  it('links only to files that exist', () => {
    const paths = [...guide.matchAll(/\]\(\.\.\/([^)#]+)\)/g)].map(([, path = '']) => path);
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
