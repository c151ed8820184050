import { mkdtempSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createClient } from '@hey-api/openapi-ts';
import { isApiError } from 'renewal';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GeneratedClient, useApi } from '../../examples/recipes/fetch-hey-api';
import { type ForeignServer, itRenewsOnce, serveJson, startForeignServer } from '../support/foreign-server';

const ORDER = { type: 'object', required: ['id'], properties: { id: { type: 'string' } } };
const RESPONSES = { 200: { description: 'the order', content: { 'application/json': { schema: ORDER } } } };
const PARAMETERS = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }];
const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1' },
  paths: {
    '/orders/{id}': {
      get: { operationId: 'getOrder', parameters: PARAMETERS, responses: RESPONSES },
      put: {
        operationId: 'putOrder',
        parameters: PARAMETERS,
        requestBody: { content: { 'application/json': { schema: ORDER } } },
        responses: RESPONSES,
      },
    },
  },
};

interface Call {
  readonly path: { readonly id: string };
  readonly body?: object;
  readonly signal?: AbortSignal;
  readonly throwOnError?: boolean;
}
type Operation = (call: Call) => Promise<{ readonly data?: unknown; readonly error?: unknown }>;

/** The parts of the generated code that the spec uses. */
interface Generated {
  readonly client: GeneratedClient;
  readonly getOrder: Operation;
  readonly putOrder: Operation;
}

const serve = serveJson((url, body) => ({ id: url.split('/').at(-1), ...(body && JSON.parse(body)) }));
const ONE = { path: { id: '1' } };

describe('the recipe of hey-api', () => {
  let folder: string;
  let generated: Generated;

  beforeAll(async () => {
    const root = fileURLToPath(new URL('../../.tmp/', import.meta.url));
    await mkdir(root, { recursive: true });
    folder = mkdtempSync(join(root, 'hey-api-'));
    const input = JSON.parse(JSON.stringify(DESCRIPTION));
    await createClient({ input, output: folder, logs: { level: 'silent', file: false } });
    const load = (name: string) => import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href);
    generated = { ...(await load('sdk.gen.ts')), ...(await load('client.gen.ts')) };
  }, 30_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const connect = ({ api, origin }: ForeignServer): Generated => {
    useApi(generated.client, api, origin);
    return generated;
  };

  itRenewsOnce(
    serve,
    (server) => {
      const { getOrder } = connect(server);
      return async (index) => (await getOrder({ path: { id: `${index}` } })).data;
    },
    (index) => ({ id: `${index}` }),
  );

  it('sends a body a second time', async () => {
    const server = await startForeignServer(serve);
    server.expire();
    const { data } = await connect(server).putOrder({ ...ONE, body: { quantity: 3 } });
    expect(data).toEqual({ id: '1', quantity: 3 });
    expect(server.counts().refreshes).toBe(1);
  });

  it('rejects with the error of the session', async () => {
    const server = await startForeignServer(serve);
    server.revoke();
    const error = await connect(server)
      .getOrder(ONE)
      .catch((error: unknown) => error);
    expect(isApiError(error, 'session-expired')).toBe(true);
  });

  it('has the error of the session in a result, without throwOnError', async () => {
    const server = await startForeignServer(serve);
    server.revoke();
    const { error } = await connect(server).getOrder({ ...ONE, throwOnError: false });
    expect(isApiError(error, 'session-expired')).toBe(true);
  });

  it('closes the connection on abort', async () => {
    const controller = new AbortController();
    const server = await startForeignServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"id":');
      controller.abort();
    });
    const get = connect(server).getOrder({ ...ONE, signal: controller.signal });
    await expect(get).rejects.toMatchObject({ name: 'AbortError' });
    await server.aborted();
  });
});
