import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'lib/index.ts',
    xhr: 'lib/transports/xhr.ts',
    'xhr.node': 'lib/transports/xhr.node.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  external: ['#xhr'],
  dts: { entry: { index: 'lib/index.ts' } },
  sourcemap: true,
  clean: true,
});
