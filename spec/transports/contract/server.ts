import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { createTally, type Tally } from '../../support/barrier';
import { listen } from '../../support/listen';
import type { Echo, Hit, Origins, Part, Reply } from './context';
import { HOST } from './hosts';

export interface ContractServer {
  readonly origins: Origins;
  close(): Promise<void>;
}

/** What the server knows of the requests of one statement. */
interface Record {
  readonly hits: Hit[];
  readonly arrived: Tally;
  readonly closed: Tally;
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

const read = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const sendJson = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};

/** Any origin may ask, as whoever it is, for anything. */
const allowOrigin = ({ headers }: IncomingMessage, response: ServerResponse): void => {
  response.setHeader('access-control-allow-origin', headers.origin ?? '*');
  response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('access-control-allow-methods', headers['access-control-request-method'] ?? '*');
  response.setHeader('access-control-allow-headers', headers['access-control-request-headers'] ?? '*');
};

const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;

const hitOf = ({ method = '', headers, url = '' }: IncomingMessage): Hit => ({
  method,
  host: headers.host ?? '',
  url,
  // Node joins what came twice, but for set-cookie, which no request has.
  headers: headers as Hit['headers'],
});

const parts = async ({ request, body }: Call): Promise<Part[]> => {
  const type = request.headers['content-type'] ?? '';
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  return Promise.all(
    Array.from(form, async ([name, value]) => {
      if (typeof value === 'string') return { name, value };
      const bytes = Buffer.from(await value.arrayBuffer());
      return { name, file: value.name, type: value.type, value: bytes.toString('base64') };
    }),
  );
};

/** Headers, half of a body, and then what becomes of the connection. */
const half = ({ response, query }: Call, then: () => void): void => {
  const framing = query.get('framing') ?? 'content-length';
  response.writeHead(Number(query.get('status') ?? 200), {
    // Of others, a browser waits for enough to guess the type.
    'content-type': 'application/json',
    [framing]: framing === 'content-length' ? '100' : 'chunked',
  });
  response.write('[1,2', then);
};

const reply = ({ response, query }: Call): void => {
  const {
    status = 200,
    headers = {},
    text = '',
    times = 1,
    base64,
    zip,
    chunked,
  }: Reply = JSON.parse(query.get('reply') ?? '{}');
  const plain = base64 === undefined ? Buffer.from(text.repeat(times)) : Buffer.from(base64, 'base64');
  const body = zip ? gzipSync(plain) : plain;
  const framing = chunked || status === 204 || status === 304 ? {} : { 'content-length': body.length };
  response.writeHead(status, { ...framing, ...(zip && { 'content-encoding': 'gzip' }), ...headers });
  if (chunked) response.write(body);
  response.end(chunked ? '' : body);
};

const LOGIN_PAGE = '<!doctype html><title>Sign in</title>';

/** Takes one token; to others it says that they are dead, as `says` has it. With `to`, whoever it takes is sent on. */
const guarded = ({ request, response, query, body }: Call): void => {
  const location = query.get('to');
  if (request.headers.authorization !== `Bearer ${query.get('by')}`) {
    const says = query.get('says');
    const type = query.get('type') ?? 'application/json';
    const cache = query.get('cache') ?? 'no-cache';
    if (says === 'page') return void response.writeHead(200, { 'content-type': 'text/html' }).end(LOGIN_PAGE);
    if (says === 'redirect') return void response.writeHead(302, { location: '/login' }).end();
    if (says === '1002') response.writeHead(200, { 'content-type': type, 'cache-control': cache }).end('{"code":1002}');
    else sendJson(response, { error: 'expired' }, 401);
  } else if (location === null) sendJson(response, { base64: body.toString('base64') });
  else response.writeHead(302, { location }).end();
};

const routes: { readonly [name: string]: (call: Call) => void | Promise<void> } = {
  echo: ({ request, response, body }) => {
    const echo: Echo = { ...hitOf(request), base64: body.toString('base64') };
    sendJson(response, echo);
  },
  form: async (call) => sendJson(call.response, await parts(call)),
  reply,
  guarded,
  login: ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(LOGIN_PAGE);
  },
  renew: ({ response }) => sendJson(response, { accessToken: 'T2', refreshToken: 'R2' }),
  redirect: ({ response, query }) => {
    response.writeHead(Number(query.get('status') ?? 302), { location: query.get('to') ?? '' }).end();
  },
  loop: ({ request, response }) => {
    response.writeHead(302, { location: request.url }).end();
  },
  reset: ({ response }) => {
    response.socket?.resetAndDestroy();
  },
  never: () => {},
  half: (call) => half(call, () => call.response.socket?.resetAndDestroy()),
  stall: (call) => half(call, () => {}),
};

/** Serves what the statements of the contract ask for, on two ports, and the page that runs them in a browser. */
export const startContractServer = async (page = ''): Promise<ContractServer> => {
  const records = new Map<string, Record>();

  const recordOf = (id: string): Record => {
    const record = records.get(id) ?? { hits: [], arrived: createTally(), closed: createTally() };
    records.set(id, record);
    return record;
  };

  const watch = async ({ response, query }: Call): Promise<void> => {
    const record = recordOf(query.get('of') ?? '');
    const until = query.get('until');
    if (until === 'arrived' || until === 'closed') await record[until].reached(Number(query.get('count') ?? 1));
    sendJson(response, record.hits);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    allowOrigin(request, response);
    if (isPreflight(request)) return void response.writeHead(204).end();
    // The look-alikes put other things before the last part of the path.
    const [, name = '', search = ''] = /([^/\\?]*)(?:\?(.*))?$/.exec(request.url ?? '') ?? [];
    const query = new URLSearchParams(search);
    const call = { request, response, query, body: Buffer.alloc(0) };
    if (name === 'watch') return watch(call);
    if (name === 'page') return void response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    const record = recordOf(query.get('id') ?? '');
    record.hits.push(hitOf(request));
    record.arrived.add();
    response.once('close', () => response.writableFinished || record.closed.add());
    const route = routes[name];
    if (!route) return sendJson(response, { error: 'nothing here' }, 404);
    await route(name === 'never' ? call : { ...call, body: await read(request) });
  };

  const start = () => {
    const server = createServer((request, response) => {
      handle(request, response).catch(() => response.destroy());
    });
    return listen(server);
  };

  const [own, other, gone] = [await start(), await start(), await start()];
  await gone.close();
  return {
    origins: {
      host: HOST,
      port: own.port,
      own: `http://${HOST}:${own.port}`,
      other: `http://${HOST}:${other.port}`,
      gone: `http://${HOST}:${gone.port}`,
    },
    close: async () => {
      await Promise.all([own.close(), other.close()]);
    },
  };
};
