import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--no-proxy-server',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // All names under `test` resolve to this machine; no other name is resolved.
  '--host-resolver-rules=MAP *.test 127.0.0.1, MAP *.test. 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** Starts the Chromium of this machine with a new profile. */
export const startChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ARGS,
    // Users have the back/forward cache, so the tests have it too.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });

const { RENEWAL_PACKAGE: unpacked } = process.env;

/** The library: its sources, or the unpacked tarball that RENEWAL_PACKAGE names. */
const library: Readonly<Record<string, string>> = unpacked
  ? {
      renewal: `${unpacked}/dist/index.js`,
      'renewal/devtools': `${unpacked}/dist/devtools.js`,
      'renewal/stream': `${unpacked}/dist/stream.js`,
      'renewal/testing': `${unpacked}/dist/testing.js`,
    }
  : {
      renewal: path('../../lib/index.ts'),
      'renewal/devtools': path('../../lib/devtools/index.ts'),
      'renewal/stream': path('../../lib/stream/index.ts'),
      'renewal/testing': path('../../lib/testing/index.ts'),
      '#xhr': path('../../lib/transports/xhr.ts'),
    };

/** A page that runs a file, bundled with the library as for a browser. */
export const bundlePage = async (entry: string): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    alias: library,
    // the dependencies of the tarball are not beside it
    nodePaths: [path('../../node_modules')],
    write: false,
  });
  const script = outputFiles.map(({ text }) => text).join('\n');
  return `<!doctype html><meta charset="utf-8"><title>renewal</title><script>${script.replaceAll('</script', '<\\/script')}</script>`;
};
