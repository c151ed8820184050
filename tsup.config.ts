import { readFile, writeFile } from 'node:fs/promises';
import { defineConfig, type Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/**
 * xhr2 is CommonJS. As it is, a bundle of ES modules with it would fail at its `require('http')`: so it becomes a
 * module that imports, with the text of its licence.
 */
const xhr2AsModule: Plugin = {
  name: 'xhr2-as-module',
  setup: ({ onLoad }) => {
    onLoad({ filter: /node_modules\/xhr2\/lib\/xhr2\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const licence = (await readFile(path.replace('lib/xhr2.js', 'LICENSE.txt'), 'utf8')).trim();
      const names = ['http', 'https', 'os', 'url'];
      const code = names.reduce(
        (text, name) => text.replace(`${name} = require('${name}');`, `${name} = node_${name};`),
        source,
      );
      const left = code.replace('module.exports = XMLHttpRequest;', 'exported = XMLHttpRequest;');
      if (/\brequire\(['"]|\bmodule\.exports/.test(left.replace(/\/\/.*/g, '')))
        throw new Error('xhr2 asks for more than is known');
      const imports = names.map((name) => `import node_${name} from 'node:${name}';`);
      return {
        contents: `${imports.join('\n')}\nlet exported;\n/*! xhr2 0.2.1\n\n${licence} */\n${left}\nexport default exported;`,
        loader: 'js',
      };
    });
  },
};

/** Tree shaking and tsup each write a line that names the source map. */
const oneSourceMapLine: NonNullable<Options['plugins']>[number] = {
  name: 'one-source-map-line',
  buildEnd: async ({ writtenFiles }) => {
    for (const { name } of writtenFiles.filter((file) => /\.c?js$/.test(file.name))) {
      const code = await readFile(name, 'utf8');
      await writeFile(name, code.replace(/^(\/\/# sourceMappingURL=.+)\n\1\s*$/m, '$1\n'));
    }
  },
};

const common = {
  target: 'es2022',
  // a class that two entries use has to exist once in CommonJS too, or instanceof is false between them
  splitting: true,
  // without it, splitting to CommonJS rewrites ?? and class fields, and writes absolute paths into source maps
  treeshake: true,
  sourcemap: true,
  plugins: [oneSourceMapLine],
  // Deno and workerd know the builtins by these names only
  removeNodeProtocol: false,
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
    noExternal: ['xhr2'],
    esbuildPlugins: [xhr2AsModule],
    dts: { entry: { index: 'lib/index.ts', devtools: 'lib/devtools/index.ts' } },
    clean: ['!angular.*', '!stream.*', '!testing.*', '!node.*', '!redis.*'],
  },
  {
    ...common,
    // With the entries above, they would have chunks in common with renewal.
    entry: {
      stream: 'lib/stream/index.ts',
      testing: 'lib/testing/index.ts',
      node: 'lib/node/index.ts',
      redis: 'lib/redis/index.ts',
    },
    format: ['esm', 'cjs'],
    external: ['renewal'],
    dts: true,
  },
  {
    ...common,
    // Angular itself is published as ES modules only
    entry: { angular: 'lib/angular/index.ts' },
    format: ['esm'],
    external: ['renewal', 'renewal/stream', 'renewal/testing'],
    dts: true,
  },
]);
