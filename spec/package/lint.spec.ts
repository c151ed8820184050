import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder, removeFolder, writeFiles } from './support/folder';
import { bin, root, run } from './support/run';

const globals = 'noRestrictedGlobals';

interface Override {
  linter: { rules: { style: { [globals]?: { options: { deniedGlobals: Record<string, string> } } } } };
}

/** Code that no file of http and session may contain, by the rule that reports it. */
const refused: [rule: string, code: string][] = [
  ['no-platform-value', 'export const none = Promise.resolve();'],
  ['no-platform-value', 'export class Later extends Promise<void> {}'],
  ['no-platform-value', 'export const isBlob = (body: unknown) => body instanceof Blob;'],
  ['no-platform-value', "export const hasForms = typeof FormData !== 'undefined';"],
  ['no-platform-value', 'export const answer = () => new Response();'],
  ['no-platform-value', 'export const question = (url: string) => new Request(url);'],
  ['no-platform-value', 'export const names = new Headers();'],
  ['no-platform-value', 'export const platform = { XMLHttpRequest };'],
  ['no-platform-value', 'export const socket = (url: string) => new WebSocket(url);'],
  ['no-platform-value', "export const channel = () => new BroadcastChannel('renewal');"],
  ['no-wall-clock', 'export const now = () => Date.now();'],
  ['no-wall-clock', 'export const now = () => new Date();'],
  ['no-wall-clock', 'export const { now } = Date;'],
  ['no-wall-clock', 'export const parsed = () => Date.parse(String(new Date()));'],
  ['no-wall-clock', 'export const clock = { Date };'],
  [globals, 'export const now = () => performance.now();'],
  ['no-async', 'export async function load() {}'],
  ['no-async', 'export const load = async () => 1;'],
  ['no-async', 'export const load = async function named() {};'],
  ['no-async', 'export const port = { async load() {} };'],
  ['no-async', 'export class Port { static async load() {} }'],
  ['no-async', 'export async function* load() {}'],
  ['no-async', 'export const first = await load();'],
  ['no-async', 'export function drain(all: AsyncIterable<number>) { for await (const one of all) one; }'],
  ['no-promise-chain', 'export const next = (one: PromiseLike<number>) => one.then(String);'],
  ['no-promise-chain', 'export const next = (one?: PromiseLike<number>) => one?.then?.(String);'],
  ['no-promise-chain', "export const next = (one: PromiseLike<number>) => one['then'](String);"],
  ['no-promise-chain', 'export const next = (one: Promise<number>) => one.catch(String);'],
  ['no-promise-chain', 'export const next = (one: Promise<number>) => one.finally(String);'],
];

/** Code that no file of lib may contain. */
const refusedEverywhere: [rule: string, code: string][] = [
  ['noConsole', "export const say = () => console.log('');"],
  ['noDefaultExport', 'export default 1;'],
  ['noNonNullAssertion', 'export const first = (all: string[]) => all[0]!;'],
  ['noExplicitAny', 'export const same = (one: any) => one;'],
  ['noReExportAll', "export * from './clean';"],
  ['useNullishCoalescing', 'export const limit = (options: { limit?: number }) => options.limit || 5;'],
];

/** Code that http and session may contain. */
const clean = `
export type Answer = Promise<void> | PromiseLike<Blob> | FormData | ReadableStream | Headers | Date;
export interface Port {
  load(response: Response): Promise<XMLHttpRequest>;
}
export const url = new URL('https://shop.example');
export const params = new URLSearchParams();
export const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
export const retryAtMs = (text: string) => Date.parse(text);
export const utcMs = Date.UTC(2000, 1);
export const isThenable = (value: PromiseLike<void> | undefined) => typeof value?.then === 'function';
export const nowMs = (scheduler: { now(): number }) => scheduler.now();
export const either = (one: boolean, other: boolean) => one || other;
`;

describe('the lint of the code', () => {
  let folder: string;
  let code: number;
  let restricted: string[];
  const found = new Map<string, string[]>();

  beforeAll(async () => {
    folder = await makeFolder('lint');
    for (const name of ['biome.json', 'lint', '.gitignore']) {
      await cp(join(root, name), join(folder, name), { recursive: true });
    }
    const config = JSON.parse(await readFile(join(root, 'biome.json'), 'utf8'));
    restricted = config.overrides.flatMap(({ linter }: Override) =>
      Object.keys(linter.rules.style.noRestrictedGlobals?.options.deniedGlobals ?? {}),
    );
    await writeFiles(folder, {
      ...Object.fromEntries(['http', 'session', 'stores'].map((name) => [`lib/${name}/clean.ts`, clean])),
      ...Object.fromEntries(
        ['http', 'session', 'transports'].flatMap((name) =>
          refused.map(([, text], index) => [`lib/${name}/${index}.ts`, text]),
        ),
      ),
      ...Object.fromEntries(refusedEverywhere.map(([, text], index) => [`lib/stores/${index}.ts`, text])),
      ...Object.fromEntries(restricted.map((name) => [`lib/http/${name}.ts`, `export const use = () => ${name};`])),
    });
    const outcome = await run(bin('biome'), ['lint', '--reporter=json', '--max-diagnostics=none'], folder);
    code = outcome.code;
    for (const { category, message, location } of JSON.parse(outcome.stdout).diagnostics) {
      const rule = category === 'plugin' ? message.split(':')[0] : category.split('/').at(-1);
      found.set(location.path, [...(found.get(location.path) ?? []), rule]);
    }
  });

  afterAll(() => removeFolder(folder));

  it('fails if a rule is broken', () => {
    expect(code).toBe(1);
  });

  it.each(['http', 'session', 'stores'])('accepts clean code in %s', (name) => {
    expect(found.get(`lib/${name}/clean.ts`)).toBeUndefined();
  });

  it.each(refused.map(([rule, text], index) => [rule, text, index] as const))('reports %s for: %s', (...row) => {
    const [rule, , index] = row;
    expect(found.get(`lib/http/${index}.ts`)).toContain(rule);
    expect(found.get(`lib/session/${index}.ts`)).toContain(rule);
  });

  it.each(refusedEverywhere.map(([rule, text], index) => [rule, text, index] as const))(
    'reports %s in all of lib for: %s',
    (rule, _text, index) => {
      expect(found.get(`lib/stores/${index}.ts`)).toContain(rule);
    },
  );

  it('refuses every name on the list of globals', () => {
    expect(restricted).toEqual(expect.arrayContaining(['window', 'localStorage', 'setTimeout', 'globalThis']));
    expect(restricted.filter((name) => !found.get(`lib/http/${name}.ts`)?.includes(globals))).toEqual([]);
  });

  it('allows platform and promises in code outside http and session', () => {
    const named = new Set(refused.map(([rule]) => rule));
    const rules = refused.flatMap((_row, index) => found.get(`lib/transports/${index}.ts`) ?? []);
    expect(rules.filter((rule) => named.has(rule))).toEqual([]);
    expect(rules).not.toContain('parse');
  });
});
