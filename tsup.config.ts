import { defineConfig, type Options } from 'tsup';

const common = {
  target: 'es2022',
  // a class that two entries use has to exist once in CommonJS too, or instanceof is false between them
  splitting: true,
  // without it, splitting to CommonJS rewrites ?? and class fields, and writes absolute paths into source maps
  treeshake: true,
  sourcemap: true,
} satisfies Options;

export default defineConfig([
  {
    ...common,
    entry: {
      index: 'lib/index.ts',
      devtools: 'lib/devtools/index.ts',
      xhr: 'lib/transports/xhr.ts',
      'xhr.node': 'lib/transports/node/xhr.ts',
    },
    format: ['esm', 'cjs'],
    // further entries import the package by its own name
    external: ['#xhr', 'renewal'],
    dts: { entry: { index: 'lib/index.ts', devtools: 'lib/devtools/index.ts' } },
    clean: ['!angular.*'],
  },
  {
    ...common,
    // Angular itself is published as ES modules only
    entry: { angular: 'lib/angular/index.ts' },
    format: ['esm'],
    external: ['renewal'],
    dts: true,
  },
]);
