import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  resolve: {
    // the first that fits counts: 'renewal' would fit all of its entries
    alias: {
      'renewal/devtools': path('./lib/devtools/index.ts'),
      'renewal/stream': path('./lib/stream/index.ts'),
      'renewal/redis': path('./lib/redis/index.ts'),
      'renewal/testing': path('./lib/testing/index.ts'),
      'renewal/node': path('./lib/node/index.ts'),
      'renewal/angular': path('./lib/angular/index.ts'),
      renewal: path('./lib/index.ts'),
      '#xhr': path('./lib/transports/node/xhr.ts'),
    },
  },
  test: {
    include: ['spec/**/*.spec.ts'],
    exclude: ['spec/{package,browser,redis}/**'],
    sequence: { shuffle: true },
  },
});
