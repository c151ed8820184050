import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BrowserTab, callOf } from './browser';

/** Evaluates functions in a page that has connected itself. */
export interface PageChannel {
  readonly evaluate: BrowserTab['evaluate'];
  /** Connects the page that this script runs in. A page that is left has to be connected again. */
  readonly script: string;
  close(): void;
}

interface Outcome {
  readonly value?: unknown;
  readonly error?: string;
}

/**
 * Runs in the page. Commands come by an event source, which no browser throttles in a hidden page, and their outcomes
 * leave by POST.
 */
const connect = (origin: string): void => {
  const commands = new EventSource(`${origin}/commands`);
  const run = async (expression: string): Promise<Outcome> => {
    try {
      // biome-ignore lint/security/noGlobalEval: the functions of a spec arrive as text
      return { value: await globalThis.eval(expression) };
    } catch (error) {
      return { error: `${error}\n${Object(error).stack}` };
    }
  };
  commands.onmessage = async ({ data }) => {
    const { id, expression } = JSON.parse(data);
    const body = JSON.stringify(await run(expression));
    await fetch(`${origin}/outcomes?${id}`, { method: 'POST', body });
  };
  // A page with an open connection is not kept in the cache for going back.
  addEventListener('pagehide', () => commands.close());
};

const read = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
};

/** A server for each page: browsers limit the connections to one origin, and an event source takes one for good. */
export const openPageChannel = async (): Promise<PageChannel> => {
  const pending = new Map<number, { resolve(outcome: Outcome): void; reject(error: Error): void }>();
  let unsent: string[] = [];
  let page: ServerResponse | undefined;
  let sent = 0;

  const post = (command: string): void => {
    if (page) page.write(`data: ${command}\n\n`);
    else unsent.push(command);
  };

  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(`http://page${request.url}`);
    response.setHeader('access-control-allow-origin', '*');
    if (pathname === '/commands') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      page = response;
      response.once('close', () => {
        if (page === response) page = undefined;
      });
      for (const command of unsent.splice(0)) post(command);
      return;
    }
    // The page may be gone before all of an outcome has arrived.
    const outcome = await read(request).catch(() => undefined);
    response.end();
    if (outcome !== undefined) pending.get(Number(search.slice(1)))?.resolve(JSON.parse(outcome));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port

  return {
    evaluate: async <R, A>(run: (given: A) => R | Promise<R>, given?: A): Promise<R> => {
      const id = ++sent;
      const outcome = new Promise<Outcome>((resolve, reject) => pending.set(id, { resolve, reject }));
      post(JSON.stringify({ id, expression: callOf(run, given) }));
      const { value, error } = await outcome.finally(() => pending.delete(id));
      if (error !== undefined) throw new Error(error);
      return value as R; // what JSON leaves of it
    },
    script: `(${connect})('http://127.0.0.1:${port}')`,
    close: () => {
      unsent = [];
      for (const { reject } of pending.values()) reject(new Error('the tab is closed'));
      server.close();
      server.closeAllConnections();
    },
  };
};
