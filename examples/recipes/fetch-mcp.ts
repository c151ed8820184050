import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { type Api, toFetch } from 'renewal';

/** Connects to an MCP server. The requests of this client, and its stream of notifications, carry the session. */
export const connectToMcp = async (api: Api, url: URL): Promise<Client> => {
  const client = new Client({ name: 'shop', version: '1.0.0' });
  // Without an `authProvider`: its header would take the place of the session's.
  await client.connect(new StreamableHTTPClientTransport(url, { fetch: toFetch(api) }));
  return client;
};
