import { cp, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder, removeFolder, writeFiles } from './support/folder';
import { bin, root, run } from './support/run';

const config = '.dependency-cruiser.json';
const file = 'export const name = 1;';

/** The imports that every file may have, and the targets of the broken rules below. */
const ground: Record<string, string> = {
  'lib/index.ts': "export { name } from './api';",
  'lib/api.ts':
    "export { name } from './http/a';\nimport './session/a';\nimport './stores/a';\nimport './transports/a';",
  'lib/connector.ts': file,
  'lib/http/a.ts': `import 'rxjs';\n${file}`,
  'lib/session/a.ts': `import 'jwt-decode';\nimport '../http/a';\nimport './b';\n${file}`,
  'lib/session/b.ts': file,
  'lib/session/state/a.ts': file,
  'lib/session/store/a.ts': `import '../state/a';\n${file}`,
  'lib/session/refresh/a.ts': `import '../store/a';\nimport '../state/a';\n${file}`,
  'lib/session/pending/a.ts': `import '../refresh/a';\n${file}`,
  'lib/session/pending/limiter.ts': file,
  'lib/session/other.ts': `import type {} from './cycle';\n${file}`,
  'lib/stores/a.ts': `import '../http/a';\nimport '../session/a';\nimport './b';\n${file}`,
  'lib/stores/b.ts': file,
  'lib/transports/a.ts': `import '#xhr';\nimport 'rxjs/ajax';\nimport '../http/a';\n${file}`,
  'lib/transports/xhr.ts': file,
  'lib/transports/node/xhr.ts': `import 'node:http';\nimport 'xhr2';\nimport '../../http/a';\nimport './b';\n${file}`,
  'lib/transports/node/b.ts': file,
  'lib/interceptors/a.ts': `import '../session/a';\n${file}`,
  'lib/testing/a.ts': `import 'renewal';\nimport './b';\n${file}`,
  'lib/testing/b.ts': file,
  'lib/angular/a.ts': `import '@angular/core';\nimport '@angular/common/http';\nimport 'renewal';\n${file}`,
  'lib/stream/a.ts': `import 'eventsource-parser';\nimport 'renewal';\nimport '../connector';\n${file}`,
  'lib/node/a.ts': `import 'node:fs';\nimport 'renewal';\nimport '../session/pending/limiter';\n${file}`,
  'lib/redis/a.ts': `import 'node:crypto';\nimport 'lru-cache';\nimport 'renewal';\n${file}`,
  'spec/a.ts': file,
};

/** Each forbidden import, its place, and its rule. */
const refused: [from: string, code: string, ...rules: string[]][] = [
  ['lib/http/session.ts', "import '../session/a';", 'http-knows-nothing-of-ours'],
  ['lib/http/type.ts', "import type { name } from '../session/a';", 'http-knows-nothing-of-ours'],
  ['lib/http/inline.ts', "export type Name = typeof import('../stores/a');", 'http-knows-nothing-of-ours'],
  ['lib/http/lazy.ts', "export const lazy = () => import('../transports/a');", 'http-knows-nothing-of-ours'],
  ['lib/http/api.ts', "import '../api';", 'http-knows-nothing-of-ours'],
  ['lib/http/index.ts', "import 'renewal';", 'core-knows-no-entry', 'http-knows-nothing-of-ours'],
  ['lib/http/xhr.ts', "import '#xhr';", 'http-knows-nothing-of-ours', 'xhr-in-transports-only'],
  ['lib/http/ajax.ts', "import 'rxjs/ajax';", 'rxjs-ajax-in-transports-only'],
  ['lib/http/jwt.ts', "import 'jwt-decode';", 'jwt-decode-in-session-only'],
  ['lib/http/node.ts', "import 'node:fs';", 'node-builtins-in-node-files-only'],
  ['lib/session/stores.ts', "import '../stores/a';", 'session-knows-http-only'],
  ['lib/session/transports.ts', "import '../transports/a';", 'session-knows-http-only'],
  ['lib/session/interceptors.ts', "import '../interceptors/a';", 'session-knows-http-only'],
  ['lib/session/cycle.ts', "import './other';", 'no-cycles'],
  ['lib/session/state/top.ts', "import '../b';", 'session-folders-import-downwards'],
  ['lib/session/pending/top.ts', "import '../b';", 'session-folders-import-downwards'],
  ['lib/session/state/store.ts', "import '../store/a';", 'state-imports-no-other-folder'],
  ['lib/session/store/refresh.ts', "import '../refresh/a';", 'store-imports-state-only'],
  ['lib/session/refresh/pending.ts', "import '../pending/a';", 'refresh-knows-no-waiters'],
  ['lib/stores/transports.ts', "import '../transports/a';", 'adapters-know-no-siblings'],
  ['lib/stores/interceptors.ts', "import '../interceptors/a';", 'adapters-know-no-siblings'],
  ['lib/transports/stores.ts', "import '../stores/a';", 'adapters-know-no-siblings'],
  ['lib/transports/xhr2.ts', "import 'xhr2';", 'xhr2-in-node-files-only'],
  ['lib/transports/relative.ts', "import './node/xhr';", 'xhr-by-condition'],
  ['lib/interceptors/transports.ts', "import '../transports/a';", 'adapters-know-no-siblings'],
  ['lib/interceptors/api.ts', "import '../api';", 'adapters-know-no-siblings'],
  ['lib/interceptors/operators.ts', "import 'rxjs/operators';", 'known-packages-only'],
  ['lib/interceptors/internal.ts', "import 'rxjs/internal/Observable';", 'known-packages-only'],
  ['lib/interceptors/development.ts', "import 'typescript';", 'known-packages-only'],
  ['lib/interceptors/missing.ts', "import './missing-file';", 'no-unresolved'],
  ['lib/interceptors/spec.ts', "import '../../spec/a';", 'lib-stands-alone'],
  ['lib/entry.ts', "import './testing/a';", 'core-knows-no-entry'],
  ['lib/testing/relative.ts', "import '../api';", 'entries-import-the-package-by-name'],
  ['lib/node/relative.ts', "import '../stores/a';", 'entries-import-the-package-by-name'],
  ['lib/node/session.ts', "import '../session/a';", 'entries-import-the-package-by-name'],
  ['lib/entry-of-node.ts', "import './node/a';", 'core-knows-no-entry'],
  ['lib/testing/type.ts', "import type { name } from '../http/a';", 'entries-import-the-package-by-name'],
  ['lib/angular/sibling.ts', "import '../testing/a';", 'entries-import-the-package-by-name'],
  ['lib/http/angular.ts', "import '@angular/core';", 'angular-in-its-entry-only'],
  ['lib/testing/angular.ts', "import '@angular/core';", 'angular-in-its-entry-only'],
  ['lib/http/parser.ts', "import 'eventsource-parser';", 'eventsource-parser-in-stream-only'],
  ['lib/node/cache.ts', "import 'lru-cache';", 'lru-cache-in-redis-only'],
  ['lib/stream/relative.ts', "import '../api';", 'entries-import-the-package-by-name'],
  ['lib/angular/compiler.ts', "import '@angular/compiler';", 'angular-without-its-private-parts'],
  ['lib/devtools/node.ts', "import 'node:fs';", 'node-builtins-in-node-files-only'],
];

describe('the lint of the dependencies', () => {
  let folder: string;
  let code: number;
  let forbidden: { name: string }[];
  const broken = new Map<string, string[]>();

  beforeAll(async () => {
    folder = await makeFolder('dependencies');
    for (const name of [config, 'package.json', 'tsconfig.json']) await cp(join(root, name), join(folder, name));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    await writeFiles(folder, { ...ground, ...Object.fromEntries(refused.map(([from, text]) => [from, text])) });
    const outcome = await run(bin('depcruise'), ['lib', '--config', config], folder);
    code = outcome.code;
    for (const [, rule = '', from = ''] of outcome.stdout.matchAll(/error ([\w-]+): (\S+)/g)) {
      broken.set(from, [...(broken.get(from) ?? []), rule]);
    }
    forbidden = JSON.parse(await readFile(join(root, config), 'utf8')).forbidden;
  });

  afterAll(() => removeFolder(folder));

  it('fails if a rule is broken', () => {
    expect(code).not.toBe(0);
  });

  it('lets every folder import from the layers below it', () => {
    expect(Object.keys(ground).filter((from) => broken.has(from))).toEqual([]);
  });

  it.each(refused)('refuses in %s: %s', (from, _text, ...rules) => {
    expect(broken.get(from)?.sort()).toEqual(rules);
  });

  it('enforces each of its rules', () => {
    expect(forbidden.map(({ name }) => name).sort()).toEqual([...new Set([...broken.values()].flat())].sort());
  });
});
