import { existsSync } from 'node:fs';

// the paths of tsconfig.json lead to the sources: here imports have to resolve as they do for users
const modifyEsbuildConfig = (config) => ({ ...config, format: 'esm', tsconfigRaw: {} });

const checks = [
  {
    name: 'a client with a session, in a browser, beside rxjs',
    path: 'dist/index.js',
    import: '{ createApi, createSession, webStorageStore, ajaxTransport }',
    ignore: ['rxjs'],
    gzip: true,
    brotli: false,
    limit: '23.1 kB',
    modifyEsbuildConfig,
  },
  {
    name: 'renewal/devtools, beside renewal and rxjs',
    path: 'dist/devtools.js',
    import: '{ recordTimeline, defineTimelineElement }',
    ignore: ['rxjs', 'renewal'],
    gzip: true,
    brotli: false,
    limit: '9.8 kB',
    modifyEsbuildConfig,
  },
  {
    name: 'the whole of renewal/stream with its parser, beside renewal and rxjs',
    path: 'dist/stream.js',
    ignore: ['renewal', 'rxjs'],
    gzip: true,
    brotli: false,
    limit: '5 kB',
    modifyEsbuildConfig,
  },
  {
    name: 'the whole of renewal/redis with its cache, beside renewal and rxjs',
    path: 'dist/redis.js',
    ignore: ['renewal', 'rxjs', 'node:*'],
    gzip: true,
    brotli: false,
    limit: '12 kB',
    modifyEsbuildConfig,
  },
  {
    name: 'the whole of renewal/angular, beside renewal, Angular and rxjs',
    path: 'dist/angular.js',
    ignore: ['@angular/*', 'renewal', 'rxjs'],
    gzip: true,
    brotli: false,
    limit: '4.46 kB',
    modifyEsbuildConfig,
  },
];

const missing = checks.map(({ path }) => path).filter((path) => !existsSync(new URL(path, import.meta.url)));
if (missing.length > 0) {
  console.error(`${missing.join(', ')}: not there yet, run npm run build first`);
  process.exit(1);
}

export default checks;
