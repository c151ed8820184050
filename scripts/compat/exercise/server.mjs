// The back end of the exercise, on loopback. Each check has its own state, named by the first segment of the path and
// created by the first request.
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.map': 'application/json' };

const read = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const sendJson = (response, status, value, headers = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
};

/** The back end of one check: tokens that are refreshed at `/refresh`, and a record of the requests. */
const createBackEnd = () => ({ accessToken: 'a1', refreshToken: 'r1', refreshes: 0, requests: [], aborted: 0 });

const isAuthorised = (backEnd, request) => request.headers.authorization === `Bearer ${backEnd.accessToken}`;

/** Responds to an expired token by the signal of the check. */
function refuse(response, signal) {
  if (signal === '1002') sendJson(response, 200, { code: 1002, message: 'expired' });
  else sendJson(response, 401, { message: 'expired' });
}

const routes = {
  refresh: async (backEnd, request, response) => {
    backEnd.refreshes += 1;
    const { refreshToken } = JSON.parse(`${await read(request)}`);
    if (refreshToken !== backEnd.refreshToken) return sendJson(response, 401, { message: 'refused' });
    const next = backEnd.refreshes + 1;
    Object.assign(backEnd, { accessToken: `a${next}`, refreshToken: `r${next}` });
    // late enough that every request sent beside the first one waits
    setTimeout(() => {
      sendJson(response, 200, { accessToken: backEnd.accessToken, refreshToken: backEnd.refreshToken });
    }, 50);
  },
  expire: (backEnd, _request, response) => {
    backEnd.accessToken = 'expired';
    sendJson(response, 200, {});
  },
  revoke: (backEnd, _request, response) => {
    Object.assign(backEnd, { accessToken: 'revoked', refreshToken: 'revoked' });
    sendJson(response, 200, {});
  },
  record: ({ refreshes, requests, aborted }, _request, response) => {
    sendJson(response, 200, { refreshes, requests, aborted });
  },
  orders: (backEnd, request, response, url) => {
    if (!isAuthorised(backEnd, request)) return refuse(response, url.searchParams.get('signal'));
    sendJson(response, 200, { id: url.searchParams.get('id'), name: 'Ærø ☃' });
  },
  echo: async (backEnd, request, response, url) => {
    const body = await read(request);
    const { method, headers } = request;
    const type = headers['content-type'] ?? '';
    backEnd.requests.push({ method, type, body: body.toString('base64') });
    if (url.searchParams.has('session') && !isAuthorised(backEnd, request)) return refuse(response, '401');
    sendJson(response, 200, { method, type, accept: headers.accept, body: body.toString('base64') });
  },
  file: (backEnd, request, response, url) => {
    if (!isAuthorised(backEnd, request)) return refuse(response, url.searchParams.get('signal'));
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    response.end(Buffer.from([0, 1, 2, 127, 128, 254, 255]));
  },
  text: (_backEnd, _request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    response.end('Ærø ☃');
  },
  gzip: (_backEnd, _request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(gzipSync('{"packed":true}'));
  },
  empty: (_backEnd, _request, response) => response.writeHead(204).end(),
  missing: (_backEnd, _request, response) => sendJson(response, 404, { message: 'no such order' }),
  malformed: (_backEnd, _request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"half":');
  },
  broken: (_backEnd, request) => request.socket.destroy(),
  never: (backEnd, request, response) => {
    backEnd.requests.push({ method: request.method });
    response.on('close', () => {
      backEnd.aborted += 1;
    });
  },
};

/** The CORS headers for the pages of test environments, which have another origin. */
const allow = (request, response) => {
  response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
  response.setHeader('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE');
  response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*');
  response.setHeader('cache-control', 'no-store');
};

function sendFile(folder, path, response) {
  const file = join(folder, normalize(`/${path}`));
  if (!existsSync(file)) return sendJson(response, 404, { message: 'no such file' });
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
  createReadStream(file).pipe(response);
}

/** Starts the server. `serve(folder)` serves the files of a folder and resolves with their address. */
export async function startServer() {
  const backEnds = new Map();
  const pages = new Map();
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const [, scope, name, ...rest] = url.pathname.split('/');
    allow(request, response);
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    if (pages.has(scope)) return sendFile(pages.get(scope), [name, ...rest].join('/'), response);
    if (!Object.hasOwn(routes, name ?? '')) return sendJson(response, 404, { message: `no route ${url.pathname}` });
    if (!backEnds.has(scope)) backEnds.set(scope, createBackEnd());
    Promise.resolve(routes[name](backEnds.get(scope), request, response, url)).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 30_000;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    serve(folder) {
      const scope = `pages-${pages.size + 1}`;
      pages.set(scope, folder);
      return `${origin}/${scope}`;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
