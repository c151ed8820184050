import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const shared = { configFile: false, logLevel: 'silent' };

/** Bundles by Vite: an app for browsers, and `build.ssr` for servers. */
export const bundleBy = ({ build }) => ({
  async browser(folder, out) {
    await build({
      ...shared,
      root: folder,
      base: './',
      worker: { format: 'es' },
      build: { outDir: out, emptyOutDir: true, target: 'es2022', rollupOptions: { input: join(folder, 'page.mjs') } },
    });
    const assets = await readdir(join(out, 'assets'));
    return `assets/${assets.find((name) => /^page-(?!worker).*\.js$/.test(name))}`;
  },
  async node(folder, out, { format, external }) {
    const entry = format === 'cjs' ? 'main-cjs.mjs' : 'main.mjs';
    const name = format === 'cjs' ? 'main.cjs' : 'main.mjs';
    await build({
      ...shared,
      root: folder,
      ssr: external ? {} : { noExternal: true },
      build: {
        ssr: join(folder, entry),
        outDir: out,
        emptyOutDir: true,
        rollupOptions: { output: { format: format === 'cjs' ? 'cjs' : 'es', entryFileNames: name } },
      },
    });
    return join(out, name);
  },
});
