import { randomUUID } from 'node:crypto';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isApiError, toFetch } from 'renewal';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { connectToMcp } from '../../examples/recipes/fetch-mcp';
import { createBarrier } from '../support/barrier';
import { type ForeignServer, itRenewsOnce, startForeignServer } from '../support/foreign-server';
import type { Answer } from '../support/http-server';

/** A server with one session and two tools: one responds at once, the other one never. */
const createMcp = (onWait = () => {}): { readonly serve: Answer; readonly mcp: McpServer } => {
  const mcp = new McpServer({ name: 'shop', version: '1.0.0' });
  const inputSchema = { id: z.number() };
  mcp.registerTool('order', { inputSchema }, ({ id }) => ({ content: [{ type: 'text', text: `order ${id}` }] }));
  mcp.registerTool('wait', { inputSchema }, () => {
    onWait();
    return new Promise<never>(() => {});
  });
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID });
  const connected = mcp.connect(transport);
  const serve: Answer = async (request, response, body) => {
    await connected;
    await transport.handleRequest(request, response, body.length > 0 ? JSON.parse(`${body}`) : undefined);
  };
  return { serve, mcp };
};

const connect = async (server: ForeignServer): Promise<Client> => {
  const client = await connectToMcp(server.api, new URL(`${server.origin}/mcp`));
  onTestFinished(() => client.close());
  // The client opens its stream of notifications last, after connect() has resolved.
  await expect.poll(() => server.authorizations.length).toBeGreaterThanOrEqual(3);
  return client;
};

const order = (id: number) => ({ name: 'order', arguments: { id } });
const resultOf = (id: number) => ({ content: [{ type: 'text', text: `order ${id}` }] });

describe('the recipe of the MCP SDK', () => {
  itRenewsOnce(
    () => {},
    async (server) => {
      server.serve = createMcp().serve;
      const client = await connect(server);
      return (index) => client.callTool(order(index));
    },
    resultOf,
  );

  it('renews while it connects', async () => {
    const server = await startForeignServer(createMcp().serve);
    server.expire();
    const client = await connect(server);
    expect(await client.callTool(order(1))).toEqual(resultOf(1));
    expect(server.counts()).toMatchObject({ refreshes: 1, rejections: 1 });
  });

  it('sends a header of the transport instead of the token', async () => {
    const { api, origin, authorizations, counts } = await startForeignServer(createMcp().serve);
    const requestInit = { headers: { authorization: 'Bearer other' } };
    const transport = new StreamableHTTPClientTransport(new URL(origin), { fetch: toFetch(api), requestInit });
    const connected = new Client({ name: 'shop', version: '1.0.0' }).connect(transport);
    await expect(connected).rejects.toMatchObject({ code: 401 });
    expect({ authorizations, ...counts() }).toMatchObject({ authorizations: ['Bearer other'], refreshes: 0 });
  });

  it('rejects a call with the error of the session', async () => {
    const server = await startForeignServer(createMcp().serve);
    const client = await connect(server);
    server.revoke();
    const error = await client.callTool(order(1)).catch((error: unknown) => error);
    expect(isApiError(error, 'session-expired')).toBe(true);
  });

  it('cancels a call by a message, and closes all connections by close()', async () => {
    const waits = createBarrier();
    const server = await startForeignServer(createMcp(waits.open).serve);
    const client = await connect(server);
    const controller = new AbortController();
    const call = client.callTool({ ...order(1), name: 'wait' }, undefined, { signal: controller.signal });
    await waits.opened;
    controller.abort('the user');
    await expect(call).rejects.toThrow('the user');
    await client.close();
    // The stream of notifications, and the response of the call.
    await server.aborted(2);
  });
});
