import { join } from 'node:path';

/** Bundles by Rollup, with its plugins for packages and for CommonJS. */
export const bundleBy = ({ rollup, nodeResolve, commonjs }) => {
  async function write(input, { file, format = 'es', external = [], plugins }) {
    const onwarn = (warning) => {
      if (warning.code === 'UNRESOLVED_IMPORT' && external.length === 0) throw new Error(warning.message);
    };
    const bundle = await rollup({ input, external, plugins, onwarn });
    await bundle.write({ file, format, inlineDynamicImports: true });
    await bundle.close();
    return file;
  }
  return {
    async browser(folder, out) {
      const plugins = [nodeResolve({ browser: true })];
      await write(join(folder, 'page.mjs'), { file: join(out, 'page.js'), plugins });
      await write(join(folder, 'page-worker.mjs'), { file: join(out, 'page-worker.mjs'), plugins });
      return 'page.js';
    },
    node(folder, out, { format, external }) {
      return write(join(folder, format === 'cjs' ? 'main-cjs.mjs' : 'main.mjs'), {
        file: join(out, format === 'cjs' ? 'main.cjs' : 'main.mjs'),
        format: format === 'cjs' ? 'cjs' : 'es',
        external: external ? [/^renewal/, /^rxjs/] : [/^node:/],
        plugins: [nodeResolve({ exportConditions: ['node'], preferBuiltins: true }), commonjs()],
      });
    },
    neutral(folder, out) {
      return write(join(folder, 'main-neutral.mjs'), { file: join(out, 'main.mjs'), plugins: [nodeResolve()] });
    },
  };
};
