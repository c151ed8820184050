import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const guide = readFileSync(join(root, 'docs/testing.md'), 'utf8');

/** A block of code below the comment that names its file. */
const BLOCK = /<!-- (examples\/testing\/[\w./-]+) -->\n\n```([jt]s)\n.*?```/gs;

/** The apps under test. */
const APPS = ['shop.ts', 'angular-shop.ts', 'page.ts'];

/** The anchor of a heading. */
const toAnchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');

describe('docs/testing.md', () => {
  it('shows the code of each sample', async () => {
    const current = guide.replace(BLOCK, (_, path, language) => {
      const code = readFileSync(join(root, path), 'utf8');
      return `<!-- ${path} -->\n\n\`\`\`${language}\n${code}\`\`\``;
    });
    await expect(current).toMatchFileSnapshot(join(root, 'docs/testing.md'));
  });

  it('has each test of examples/testing', () => {
    const shown = [...guide.matchAll(BLOCK)].map(([, path = '']) => path.slice('examples/testing/'.length));
    expect([...shown, ...APPS].sort()).toEqual(readdirSync(join(root, 'examples/testing')).sort());
  });

  it('links only to files and headings that exist', () => {
    const paths = [...guide.matchAll(/\]\(\.\.\/([^)#]+)\)/g)].map(([, path = '']) => path);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const anchors = [...guide.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => toAnchor(heading));
    const linked = [...guide.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
    expect(linked.length).toBeGreaterThan(3);
    expect(linked.filter((anchor) => !anchors.includes(`${anchor}`))).toEqual([]);
  });
});
