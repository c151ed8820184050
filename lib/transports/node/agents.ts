import http, { type ClientRequest, type Agent as HttpAgent } from 'node:http';
import https from 'node:https';
import type { Agents } from '../agents';

/** An agent for each of the two protocols. */
export interface NodeAgents {
  readonly http: HttpAgent;
  readonly https: HttpAgent;
}

/**
 * Returns a function that finds both agents: the caller's, or else the global ones of that moment. Those keep
 * connections alive, close idle ones after 5 s, and have no connection limit, so slow responses cannot block other
 * requests. Throws a `TypeError` that names the option.
 */
export const resolveAgents = (agents: Agents = {}): (() => NodeAgents) => {
  if (!agents || typeof agents !== 'object') throw new TypeError('agents: expected an object with http and https');
  for (const name of ['http', 'https'] as const) {
    const agent = agents[name];
    if (agent !== undefined && typeof Object(agent).addRequest !== 'function')
      throw new TypeError(`agents.${name}: expected an agent of node:${name}`);
  }
  // Node needs `addRequest` only.
  const given = agents as Partial<NodeAgents>;
  return () => ({ http: given.http ?? http.globalAgent, https: given.https ?? https.globalAgent });
};

/** Removes a destroyed request from the queue for a socket, where Node leaves it until a socket is free. */
export const dequeue = (agent: HttpAgent, request: ClientRequest): void => {
  // A custom agent may have no queue. Node declares it read-only, but has no other way to remove a request.
  const { requests = {} } = agent as { readonly requests?: Record<string, ClientRequest[]> };
  for (const [name, queue] of Object.entries(requests)) {
    const index = queue.indexOf(request);
    if (index >= 0) queue.splice(index, 1);
    // Node takes a queue that exists for one that is not empty.
    if (queue.length === 0) delete requests[name];
  }
};
