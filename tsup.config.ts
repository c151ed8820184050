import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'lib/index.ts',
    devtools: 'lib/devtools/index.ts',
    xhr: 'lib/transports/xhr.ts',
    'xhr.node': 'lib/transports/node/xhr.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  // further entries import the package by its own name
  external: ['#xhr', 'renewal'],
  // a class that two entries use has to exist once in CommonJS too, or instanceof is false between them
  splitting: true,
  // without it, splitting to CommonJS rewrites ?? and class fields, and writes absolute paths into source maps
  treeshake: true,
  dts: { entry: { index: 'lib/index.ts', devtools: 'lib/devtools/index.ts' } },
  sourcemap: true,
  clean: true,
});
