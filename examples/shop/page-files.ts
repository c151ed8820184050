import { spawn } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { highlight } from './highlight';
import type { PageFile } from './page-routes';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const ROOT = path('../../');
// The build writes this file last.
const BUILT = `${ROOT}dist/devtools.d.ts`;

/** Assembles the page with the published form of the library, which is built first if it is missing or outdated. */
export async function pageFiles(onBuild: () => void): Promise<PageFile[]> {
  if (await isOutdated()) {
    onBuild();
    await buildLibrary();
  }
  const [page, mark, recipe, bundle] = await Promise.all([
    readFile(path('./page/index.html'), 'utf8'),
    readFile(path('./page/mark.svg'), 'utf8'),
    readFile(path('./client.ts'), 'utf8'),
    bundlePage(),
  ]);
  return [
    { path: '/', type: 'text/html; charset=utf-8', text: page.replace('<!-- recipe -->', () => showRecipe(recipe)) },
    { path: '/mark.svg', type: 'image/svg+xml', text: mark },
    ...bundle,
  ];
}

// The page shows the code that it runs, so the two cannot differ.
function showRecipe(source: string): string {
  return highlight(source.slice(source.indexOf('export function createShopClient')).trim());
}

async function bundlePage(): Promise<PageFile[]> {
  const { outputFiles } = await build({
    entryPoints: [path('./page/main.ts'), path('./page/style.css')],
    outdir: ROOT,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    // The paths of tsconfig.json lead to the sources. Without them, imports resolve as for users.
    tsconfigRaw: {},
    write: false,
    logLevel: 'error',
  });
  return outputFiles.map((file) =>
    file.path.endsWith('.css')
      ? { path: '/style.css', type: 'text/css', text: file.text }
      : { path: '/main.js', type: 'text/javascript', text: file.text },
  );
}

async function isOutdated(): Promise<boolean> {
  const builtAtMs = await stat(BUILT).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  const sources = await readdir(`${ROOT}lib`, { recursive: true });
  const changes = await Promise.all(sources.map((name) => stat(`${ROOT}lib/${name}`)));
  return changes.some(({ mtimeMs }) => mtimeMs > builtAtMs);
}

async function buildLibrary(): Promise<void> {
  const child = spawn('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [code, ...output] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new Error(`the build of the library failed\n${output.join('')}`);
}
