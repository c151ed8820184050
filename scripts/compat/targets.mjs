// Every environment that the package runs on. A target gets `say` for each line about a failure, and resolves with its
// version, a list of the runs, and the numbers of passed and failed checks.
import { join } from 'node:path';
import { angular } from './angular.mjs';
import { browser } from './browsers.mjs';
import { bundler } from './bundles.mjs';
import { install } from './cache.mjs';
import { jest, nodeTest, vitest } from './frameworks.mjs';
import { nodeBinary, nodeVersion } from './node.mjs';
import { bun, deno, workerd } from './runtimes.mjs';
import { runSuites } from './suites/run.mjs';
import { types } from './types.mjs';

/**
 * The platform specs: unit, scenarios and transports. The others depend on no platform: examples, docs, the explorer.
 */
const OF_PLATFORM = /^spec\/(?!docs|examples|explorer|types)/;

/** The specs that no other Node and no other rxjs can affect: they use the repository's copy of Angular. */
const OF_ANGULAR = /^spec\/(angular|scenarios\/angular)\//;

const suites = (major) => ({
  name: `node-${major}`,
  label: 'Node',
  async run(say, { ci }) {
    const accepts = (path) => !ci || (OF_PLATFORM.test(path) && !OF_ANGULAR.test(path));
    const counted = await runSuites(`node-${major}`, { node: await nodeBinary(major), accepts, say });
    const ran = ci ? 'unit, scenario and transport specs' : 'all specs of unit, scenarios and transports';
    return { version: await nodeVersion(major), ran, ...counted };
  },
});

const rxjs = (version) => ({
  name: `rxjs-${version}`,
  label: 'rxjs',
  async run(say) {
    const modules = join(await install(`rxjs-${version}`), 'node_modules');
    const accepts = (path) => OF_PLATFORM.test(path) && !OF_ANGULAR.test(path);
    const counted = await runSuites(`rxjs-${version}`, { rxjs: modules, accepts, say });
    return { version, ran: 'unit, scenario and transport specs that know the package by its name', ...counted };
  },
});

export const targets = [
  suites(20),
  suites(22),
  { ...suites(24), ci: true },
  { ...suites(26), ci: true },
  { name: 'bun', label: 'Bun', run: bun },
  { name: 'deno', label: 'Deno', run: deno },
  { name: 'workerd', label: 'workerd', run: workerd },
  { name: 'vitest-jsdom', label: 'Vitest with jsdom', run: (say) => vitest('jsdom', say) },
  { name: 'vitest-happy-dom', label: 'Vitest with happy-dom', run: (say) => vitest('happy-dom', say) },
  { name: 'jest-node', label: 'Jest with its node environment', ci: true, run: (say) => jest('node', say) },
  { name: 'jest-jsdom', label: 'Jest with jsdom', run: (say) => jest('jsdom', say) },
  { name: 'node-test', label: 'node:test', ci: true, run: nodeTest },
  ...['5.4', '5.9', '6.0', '7.0'].map((minor) => ({
    name: `types-${minor}`,
    label: 'TypeScript',
    ci: true,
    run: (say) => types(minor, say),
  })),
  ...['esbuild', 'vite', 'webpack', 'rollup'].map((name) => ({
    name,
    label: { esbuild: 'esbuild', vite: 'Vite', webpack: 'webpack', rollup: 'Rollup' }[name],
    ci: true,
    run: (say) => bundler(name, say),
  })),
  rxjs('7.8.0'),
  rxjs('7.8.2'),
  ...[20, 21, 22].map((major) => ({
    name: `angular-${major}`,
    label: 'Angular',
    run: (say) => angular(major, say),
  })),
  { name: 'chromium', label: 'Chromium', run: (say) => browser('chromium', say) },
  { name: 'firefox', label: 'Firefox', run: (say) => browser('firefox', say) },
  { name: 'webkit', label: 'WebKitGTK', run: (say) => browser('webkit', say) },
];
