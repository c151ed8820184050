// Bundlers bundle the exercise with the tarball, and the bundles are executed.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inChromium, inNode } from './bundles/execute.mjs';
import { install, versionsOf } from './cache.mjs';
import { sum } from './counts.mjs';
import { copyExercise, tally } from './exercise/results.mjs';
import { startServer } from './exercise/server.mjs';
import { makeConsumer, makeFolder } from './tarball.mjs';

/**
 * The bundles for Node. The one for server-side rendering excludes packages; the others have to run without any package
 * beside them.
 */
const forNode = {
  'SSR, ES module': { format: 'esm', external: true },
  'Node, ES module': { format: 'esm', external: false },
  'Node, CommonJS': { format: 'cjs', external: false },
};

const loaders = {
  esbuild: (load) => load('esbuild'),
  vite: (load) => load('vite'),
  webpack: async (load) => ({ webpack: (await load('webpack')).default }),
  rollup: async (load) => ({
    ...(await load('rollup')),
    nodeResolve: (await load('@rollup/plugin-node-resolve')).nodeResolve,
    commonjs: (await load('@rollup/plugin-commonjs')).default,
  }),
};

/** Imports packages from the folder that they are installed in. */
const loaderFrom = (folder) => {
  const { resolve } = createRequire(join(folder, 'package.json'));
  return (name) => import(pathToFileURL(resolve(name)).href);
};

/** One bundler, by its name. */
export async function bundler(name, say) {
  const version = (await versionsOf(name))[name];
  const [{ bundleBy }, packages] = [
    await import(`./bundles/${name}.mjs`),
    await loaders[name](loaderFrom(await install(name))),
  ];
  const bundle = bundleBy(packages);
  const folder = await makeConsumer(name);
  await copyExercise(folder);
  const server = await startServer();
  const counts = [];
  const attempt = async (title, work) => {
    const results = await work().catch((error) => [{ title: 'the bundle', error: `${error.stack ?? error}` }]);
    counts.push(tally(results, say, { where: `${title}: ` }));
  };
  await attempt('browser', async () => {
    const out = await makeFolder(`${name}-browser`);
    return inChromium(out, await bundle.browser(folder, out), server);
  });
  for (const [title, options] of Object.entries(forNode)) {
    await attempt(title, async () => {
      const file = await bundle.node(folder, await makeFolder(`${name}-node`), options);
      return inNode(file, server.origin, { modules: options.external });
    });
  }
  if (bundle.neutral) {
    await attempt('without the condition `node`', async () => {
      return inNode(await bundle.neutral(folder, await makeFolder(`${name}-neutral`)), server.origin);
    });
  }
  server.close();
  return {
    version,
    ran: 'exercise by both transports: page and worker in Chromium; SSR, ES module and CommonJS in Node',
    ...sum(counts),
  };
}
