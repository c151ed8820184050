import http, { type ClientRequest, type Agent as HttpAgent } from 'node:http';
import https from 'node:https';
import type { Agents } from '../agents';

/** An agent for each of the two protocols. */
export interface NodeAgents {
  readonly http: HttpAgent;
  readonly https: HttpAgent;
}

/**
 * Finds both agents, where the caller has none the process's own, as they are at that moment: they keep connections alive, close idle ones after 5 s,
 * and limit nothing, so that no number of answers that a server holds back keeps others from being asked for. Throws a `TypeError` that names the option.
 */
export const resolveAgents = (agents: Agents = {}): (() => NodeAgents) => {
  if (!agents || typeof agents !== 'object') throw new TypeError('agents: expected an object with http and https');
  for (const name of ['http', 'https'] as const) {
    const agent = agents[name];
    if (agent !== undefined && typeof Object(agent).addRequest !== 'function')
      throw new TypeError(`agents.${name}: expected an agent of node:${name}`);
  }
  // What Node needs of an agent is what has been looked for.
  const given = agents as Partial<NodeAgents>;
  return () => ({ http: given.http ?? http.globalAgent, https: given.https ?? https.globalAgent });
};

/** Takes a request out of the line for a socket, where Node leaves it until its turn comes. */
export const dequeue = (agent: HttpAgent, request: ClientRequest): void => {
  // An agent of another make may have no line; Node's own types let no one change it, and there is no other way.
  const { requests = {} } = agent as { readonly requests?: Record<string, ClientRequest[]> };
  for (const [name, queue] of Object.entries(requests)) {
    const index = queue.indexOf(request);
    if (index >= 0) queue.splice(index, 1);
    // Node takes a line that exists for one with somebody in it.
    if (queue.length === 0) delete requests[name];
  }
};
