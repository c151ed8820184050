import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Names that the samples assume: those of the reader's own code. */
const PRELUDE = `
import { of, throwError, catchError, map, type Observable } from 'rxjs';
import * as renewal from 'renewal';
import {
  type Api, type Interceptor, HttpContext, HttpContextToken, anyOf, bodyCode, businessCode, clientCredentials, isApiError, isRefusal, memoryStore, oauthGrant, statusCode, webStorageStore, type TokenGrant,
} from 'renewal';
declare const api: Api, http: Api;
declare const session: renewal.Session;
declare const refresh: renewal.SessionOptions['refresh'];
declare const createApi: typeof renewal.createApi, createSession: typeof renewal.createSession;
declare const oauthRefresh: typeof renewal.oauthRefresh, fetchTransport: typeof renewal.fetchTransport;
declare const toFetch: typeof renewal.toFetch;
import * as angular from 'renewal/angular';
import { type ApiName, apiResource, apiStream, httpClientTransport, provideApi, sessionInterceptor, sessionState, signedIn, withoutSession, withSession } from 'renewal/angular';
import { computed, inject, InjectionToken, signal } from '@angular/core';
import { type HttpClient, provideHttpClient, withInterceptors } from '@angular/common/http';
import { Router, type Routes } from '@angular/router';
import { bootstrapApplication } from '@angular/platform-browser';
declare const httpClient: HttpClient, App: new () => object, OrderPage: new () => object;
declare const user: string, password: string, code: string;
`;
const NAMES = `
interface Order { readonly id: string }
interface Renewal { readonly token: string; readonly refreshToken: string }
interface Grant { readonly token: string; readonly refreshToken?: string }
declare const CLIENT_KEY: string;
declare function show(orders: readonly Order[]): void;
declare const socket: { send(text: string): void };
declare const logger: { debug(entry: object): void };
declare const createDpop: typeof import('../../examples/dpop/dpop').createDpop;
declare const stepUp: typeof import('../../examples/step-up/step-up').stepUp;
`;

interface Sample {
  readonly title: string;
  readonly code: string;
}

const blocks = (text: string): string[] => [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);

const inMarkdown = (path: string): Sample[] =>
  blocks(readFileSync(join(root, path), 'utf8')).map((code, index) => ({ title: `${path} #${index + 1}`, code }));

const inDocstrings = (): Sample[] =>
  readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => {
      const text = readFileSync(join(root, 'lib', path), 'utf8').replace(/^ *\* ?/gm, '');
      return blocks(text).map((code, index) => ({ title: `lib/${path} #${index + 1}`, code }));
    });

const samples = [
  ...inMarkdown('README.md'),
  ...inMarkdown('docs/angular.md'),
  ...inMarkdown('docs/recipes.md'),
  ...inMarkdown('docs/servers.md'),
  ...inDocstrings(),
];

/** A sample with imports is a whole file; a sample without them is an excerpt. */
const toSource = ({ code }: Sample): string =>
  code.includes('import ') ? `${NAMES}${code}\nexport {};` : `${PRELUDE}${NAMES}{\n${code}\n}`;

const check = (all: readonly Sample[]): Map<string, string[]> => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = new Map(all.map((sample, index) => [join(root, 'spec', 'docs', `sample-${index}.ts`), sample]));
  const host = ts.createCompilerHost({ ...options, noUnusedLocals: false });
  const { getSourceFile, fileExists, readFile } = host;
  const sourceOf = (name: string) => {
    const sample = files.get(join(name));
    return sample && toSource(sample);
  };
  host.fileExists = (name) => sourceOf(name) !== undefined || fileExists(name);
  host.readFile = (name) => sourceOf(name) ?? readFile(name);
  host.getSourceFile = (name, target, ...rest) => {
    const source = sourceOf(name);
    return source === undefined ? getSourceFile(name, target, ...rest) : ts.createSourceFile(name, source, target);
  };
  const ambient = join(root, 'lib', 'transports', 'node', 'xhr2.d.ts');
  const program = ts.createProgram(
    [...files.keys(), ambient],
    { ...options, noUnusedLocals: false, noEmit: true, experimentalDecorators: true },
    host,
  );
  const errors = new Map<string, string[]>(all.map(({ title }) => [title, []]));
  for (const { file, messageText } of ts.getPreEmitDiagnostics(program)) {
    const sample = file && files.get(join(file.fileName));
    const place = sample ? sample.title : `${file?.fileName}`;
    errors.set(place, [...(errors.get(place) ?? []), ts.flattenDiagnosticMessageText(messageText, '\n')]);
  }
  return errors;
};

describe('the samples in the README and in docstrings', () => {
  it('compile', () => {
    expect(samples.length).toBeGreaterThan(5);
    const errors = [...check(samples)].filter(([, messages]) => messages.length > 0);
    expect(errors).toEqual([]);
  }, 60_000);

  it('fail to compile if they are wrong', () => {
    const errors = check([{ title: 'wrong', code: 'api.get$(42);' }]);
    expect(errors.get('wrong')).toHaveLength(1);
  }, 60_000);

  it('link only to files that exist', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    // Links to the files of the published package, which also work on its registry page.
    const links = [...readme.matchAll(/https:\/\/cdn\.jsdelivr\.net\/npm\/renewal\/([^)#"]+)/g)].map(
      ([, path = '']) => path,
    );
    expect(links.length).toBeGreaterThan(2);
    const missing = links.filter(
      (path) => !ts.sys.fileExists(join(root, path)) && !ts.sys.directoryExists(join(root, path)),
    );
    expect(missing).toEqual([]);
  });
});
