import { type ClientRequest, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Agents } from '../agents';

/**
 * `maxSockets` is for each origin. Node's own limit is none: a burst of a thousand requests is a thousand connections, and slower than on a few.
 * 512 leaves room beside as many long polls as one process has for one server. An idle socket is closed before most servers do so, at 5 s.
 */
const KEEP_ALIVE = { keepAlive: true, maxSockets: 512, scheduling: 'lifo' } as const;

/**
 * The connections of all clients that bring no agents of their own. They belong to the process, as those of Node's global agents do: a client made for
 * each request that a server serves would else connect anew each time. They carry nothing of a user.
 */
const SHARED = { http: new HttpAgent(KEEP_ALIVE), https: new HttpsAgent(KEEP_ALIVE) };

/** An agent for each of the two protocols. */
export interface NodeAgents {
  readonly http: HttpAgent;
  readonly https: HttpAgent;
}

/** Both agents, the shared ones where the caller has none. Throws a `TypeError` that names the option. */
export const toAgents = (agents: Agents = {}): NodeAgents => {
  for (const name of ['http', 'https'] as const) {
    const agent = agents[name];
    if (agent !== undefined && !(Object(agent).addRequest instanceof Function))
      throw new TypeError(`agents.${name}: not an agent`);
  }
  // What Node needs of an agent is what has been looked for.
  const { http = SHARED.http, https = SHARED.https } = agents as Partial<NodeAgents>;
  return { http, https };
};

/** Takes a request out of the line for a socket, where Node leaves it until its turn comes. */
export const dequeue = (agent: HttpAgent, request: ClientRequest): void => {
  // An agent of another make may have no line; Node's own types let no one change it, and there is no other way.
  const { requests = {} } = agent as { readonly requests?: Record<string, ClientRequest[]> };
  for (const [name, queue] of Object.entries(requests)) {
    const place = queue.indexOf(request);
    if (place >= 0) queue.splice(place, 1);
    // Node takes a line that exists for one with somebody in it.
    if (queue.length === 0) delete requests[name];
  }
};
