import { join } from 'node:path';

const shared = { bundle: true, logLevel: 'silent', target: 'es2022' };

/** Bundles by esbuild. Each resolves to the file that is to be executed. */
export const bundleBy = ({ build }) => ({
  async browser(folder, out) {
    const options = { ...shared, absWorkingDir: folder, format: 'esm', platform: 'browser' };
    await build({ ...options, entryPoints: ['page.mjs'], outfile: join(out, 'page.js') });
    // esbuild leaves `new URL(…)` unchanged, so the worker is written to the path that the page requests
    await build({ ...options, entryPoints: ['page-worker.mjs'], outfile: join(out, 'page-worker.mjs') });
    return 'page.js';
  },
  async node(folder, out, { format, external }) {
    const outfile = join(out, format === 'cjs' ? 'main.cjs' : 'main.mjs');
    await build({
      ...shared,
      absWorkingDir: folder,
      entryPoints: [format === 'cjs' ? 'main-cjs.mjs' : 'main.mjs'],
      outfile,
      format,
      platform: 'node',
      ...(external && { packages: 'external' }),
    });
    return outfile;
  },
  async neutral(folder, out) {
    const outfile = join(out, 'main.mjs');
    const mainFields = ['module', 'main'];
    const entryPoints = ['main-neutral.mjs'];
    await build({
      ...shared,
      absWorkingDir: folder,
      entryPoints,
      outfile,
      format: 'esm',
      platform: 'neutral',
      mainFields,
    });
    return outfile;
  },
});
