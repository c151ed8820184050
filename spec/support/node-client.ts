import { Agent } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { type Api, type ApiOptions, ajaxTransport, createApi } from 'renewal';
import { firstValueFrom, type Observable } from 'rxjs';

/** A client with its own sockets. */
export interface NodeClient {
  readonly api: Api;
  readonly agent: Agent;
  /** The numbers of sockets and requests in its agent. */
  held(): { readonly inUse: number; readonly idle: number; readonly queued: number };
  /**
   * Resolves when no socket is in use and no request is queued: a cancelled request closes within a few turns of the
   * event loop.
   */
  released(): Promise<void>;
}

const count = (all: Readonly<Record<string, readonly unknown[] | undefined>>): number =>
  Object.values(all).flat().length;

export const createNodeClient = (
  baseUrl: string,
  { agent = new Agent({ keepAlive: true }), ...options }: ApiOptions & { agent?: Agent } = {},
): NodeClient => {
  const client: NodeClient = {
    api: createApi({ baseUrl, transport: ajaxTransport({ agents: { http: agent } }), ...options }),
    agent,
    held: () => ({ inUse: count(agent.sockets), idle: count(agent.freeSockets), queued: count(agent.requests) }),
    released: async () => {
      while (client.held().inUse + client.held().queued > 0) await setImmediate();
    },
  };
  return client;
};

/** Resolves with the value or the error of a request. */
export const endOf = (request$: Observable<unknown>): Promise<unknown> =>
  firstValueFrom(request$).then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
