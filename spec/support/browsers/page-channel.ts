import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BrowserTab, callOf } from './browser';

/** Evaluates functions in a page that has connected to this process. */
export interface PageChannel {
  readonly evaluate: BrowserTab['evaluate'];
  /** The script that connects its page. After a navigation it has to run again. */
  readonly script: string;
  close(): void;
}

interface Outcome {
  readonly value?: unknown;
  readonly error?: string;
}

/**
 * Runs in the page. An event source brings the commands, since no browser throttles it in a hidden page; a POST returns
 * each outcome.
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
  // A page with an open connection does not enter the back/forward cache.
  addEventListener('pagehide', () => commands.close());
};

const read = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
};

/** One server for each page: browsers limit the connections to one origin, and an event source holds one of them. */
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
    // The page may be closed before its whole outcome has arrived.
    const outcome = await read(request).catch(() => undefined);
    response.end();
    if (outcome !== undefined) pending.get(Number(search.slice(1)))?.resolve(JSON.parse(outcome));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a listening server has an address

  return {
    evaluate: async <R, A>(run: (given: A) => R | Promise<R>, given?: A): Promise<R> => {
      const id = ++sent;
      const outcome = new Promise<Outcome>((resolve, reject) => pending.set(id, { resolve, reject }));
      post(JSON.stringify({ id, expression: callOf(run, given) }));
      const { value, error } = await outcome.finally(() => pending.delete(id));
      if (error !== undefined) throw new Error(error);
      return value as R; // the result went through JSON
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
