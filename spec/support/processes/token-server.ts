import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TokenGrant } from 'renewal';
import { listen } from '../listen';
import { NAME_HEADER, REFRESH_PATH } from './protocol';

/** How the server says that a token is dead or refused: by 401, or by 1002 in a body with status 200. */
export type Signal = 'status' | 'code';

/** What happens to refreshes while the server has them. Each one is asked with the name of the process. */
export interface RefreshHooks {
  /** Before the server rotates the tokens. Resolves with false to drop the request instead, unanswered. */
  received?(name: string): Promise<boolean>;
  /** After the server has rotated the tokens, before it responds. */
  rotated?(name: string): Promise<void>;
}

/** A server whose refresh tokens are good for once. A second use ends the session (RFC 9700, section 4.14.2). */
export interface TokenServer {
  readonly base: string;
  /** Refreshes that were received, and those of them that presented a spent token, since the last `reset`. */
  readonly refreshes: number;
  readonly reuses: number;
  hooks: RefreshHooks;
  /** Signs a user in, in place of the one before. */
  issue(): TokenGrant;
  /** The access token is dead. */
  expire(): void;
  /** Counts from 0, without hooks. */
  reset(): void;
  close(): Promise<void>;
}

/** How long a refresh takes. */
const LATENCY_MS = 50;

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
};

const send = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const refuse = (response: ServerResponse, signal: Signal): void =>
  signal === 'status' ? send(response, 401, { error: 'invalid_grant' }) : send(response, 200, { code: 1002 });

export const startTokenServer = async (signal: Signal): Promise<TokenServer> => {
  let grants = 0;
  let counts = { refreshes: 0, reuses: 0 };
  let hooks: RefreshHooks = {};
  /** The tokens that count now; undefined if the session is over or the access token is dead. */
  let access: string | undefined;
  let refresh: string | undefined;

  const issue = (): TokenGrant => {
    grants++;
    access = `access-${grants}`;
    refresh = `refresh-${grants}`;
    return { accessToken: access, refreshToken: refresh };
  };

  const rotate = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { refreshToken } = Object(await readBody(request));
    const name = `${request.headers[NAME_HEADER]}`;
    counts = { ...counts, refreshes: counts.refreshes + 1 };
    const { received, rotated } = hooks;
    if (received && !(await received(name))) return;
    await new Promise((resolve) => setTimeout(resolve, LATENCY_MS));
    if (refreshToken !== refresh) {
      counts = { ...counts, reuses: counts.reuses + 1 };
      access = undefined;
      refresh = undefined;
      refuse(response, signal);
      return;
    }
    const grant = issue();
    await rotated?.(name);
    send(response, 200, grant);
  };

  const server = createServer(async (request, response) => {
    if (request.url === REFRESH_PATH) return rotate(request, response);
    if (!access || request.headers.authorization !== `Bearer ${access}`) return refuse(response, signal);
    send(response, 200, { nth: request.url?.split('/').at(-1) });
  });
  const { port, close } = await listen(server);

  return {
    base: `http://127.0.0.1:${port}`,
    get refreshes() {
      return counts.refreshes;
    },
    get reuses() {
      return counts.reuses;
    },
    get hooks() {
      return hooks;
    },
    set hooks(next) {
      hooks = next;
    },
    issue,
    expire: () => {
      access = undefined;
    },
    reset: () => {
      counts = { refreshes: 0, reuses: 0 };
      hooks = {};
    },
    close,
  };
};
