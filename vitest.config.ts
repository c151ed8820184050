import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      'renewal/angular': path('./lib/angular/index.ts'),
      renewal: path('./lib/index.ts'),
      '#xhr': path('./lib/transports/node/xhr.ts'),
    },
  },
  test: {
    include: ['spec/**/*.spec.ts'],
    exclude: ['spec/{package,browser}/**'],
    sequence: { shuffle: true },
  },
});
