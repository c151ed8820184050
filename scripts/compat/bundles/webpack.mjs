import { join } from 'node:path';

const shared = { mode: 'production', devtool: false, performance: false };

/** Bundles by webpack. */
export const bundleBy = ({ webpack }) => {
  const compile = (options) =>
    new Promise((resolve, reject) => {
      webpack({ ...shared, ...options }, (error, stats) => {
        if (error) reject(error);
        else if (stats.hasErrors()) reject(new Error(stats.toString({ preset: 'errors-only' })));
        else resolve();
      });
    });
  return {
    async browser(folder, out) {
      await compile({
        context: folder,
        target: 'web',
        entry: './page.mjs',
        output: { path: out, filename: 'page.js', publicPath: 'auto' },
      });
      return 'page.js';
    },
    async node(folder, out, { format, external }) {
      const isModule = format !== 'cjs';
      const filename = isModule ? 'main.mjs' : 'main.cjs';
      await compile({
        context: folder,
        target: 'node20',
        entry: isModule ? './main.mjs' : './main-cjs.mjs',
        externals: external ? [/^(renewal|rxjs)/] : [],
        externalsType: isModule ? 'module' : 'commonjs',
        ...(isModule && { experiments: { outputModule: true } }),
        output: { path: out, filename, ...(isModule && { module: true, chunkFormat: 'module' }) },
      });
      return join(out, filename);
    },
  };
};
