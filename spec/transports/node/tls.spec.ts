import { Agent } from 'node:https';
import {
  ajaxTransport,
  createApi,
  createSession,
  fetchTransport,
  memoryStore,
  type TokenGrant,
  type Transport,
} from 'renewal';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCertificate } from '../../support/certificate';
import { answering, type Echo, echo, type HttpServer, startHttpServer } from '../../support/http-server';
import { endOf } from '../../support/node-client';

const certificate = createCertificate('127.0.0.1');

let server: HttpServer;
let plain: HttpServer;
let agent: Agent;
/** Requests that came to the server without TLS. */
let arrived: Echo['headers'][];

beforeEach(async () => {
  arrived = [];
  [server, plain] = await Promise.all([startHttpServer(certificate), startHttpServer()]);
  server.answer = echo;
  plain.answer = (request, response, body) => {
    // Node joins what came twice, but for set-cookie, which no request has.
    arrived.push(request.headers as Echo['headers']);
    echo(request, response, body);
  };
  agent = new Agent({ ca: certificate.cert, keepAlive: true });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  agent.destroy();
  await Promise.all([server.close(), plain.close()]);
});

const apiOf = (transport: Transport, baseUrl = server.origin) => createApi({ baseUrl, transport, timeoutMs: 5_000 });

/** A client of the server whose session has a token. */
const signedIn = (transport: Transport) =>
  apiOf(transport).extend({
    session: createSession({
      store: memoryStore({ accessToken: 'hidden' }),
      refresh: () => apiOf(transport).get$<TokenGrant>('/renewal'),
    }),
  });

const trusting = (): Transport => ajaxTransport({ agents: { https: agent } });

const SECRETS = { cookie: 'sid=hidden', 'x-api-key': 'hidden' };

describe('TLS', () => {
  it('goes through the agent that the caller brings, with its certificates', async () => {
    const { body } = await firstValueFrom(apiOf(trusting()).request$<Echo>('POST', '/a', { body: 'text' }));
    expect(body).toMatchObject({ method: 'POST', bytes: [...Buffer.from('text')] });
  });

  it.each<[string, () => Transport]>([
    ['ajaxTransport', ajaxTransport],
    ['fetchTransport', fetchTransport],
  ])('to a server that no one vouches for is an error of the network (%s)', async (_, make) => {
    const end = await endOf(apiOf(make()).get$('/a'));
    expect(end).toMatchObject({ code: 'network', cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
  });

  it('to a server with a certificate for another name is an error of the network', async () => {
    const other = createCertificate('shop.test');
    const named = await startHttpServer(other);
    const transport = ajaxTransport({ agents: { https: new Agent({ ca: other.cert }) } });
    const end = await endOf(apiOf(transport, named.origin).get$('/a'));
    expect(end).toMatchObject({ code: 'network', cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
    await named.close();
  });

  it.each<[string, () => Transport]>([
    ['ajaxTransport', trusting],
    ['fetchTransport', fetchTransport],
  ])('to a server without TLS, or without TLS to one with it, is a NetworkError (%s)', async (_, make) => {
    const api = apiOf(make());
    expect(await endOf(api.get$(plain.origin.replace('http:', 'https:')))).toMatchObject({ code: 'network' });
    expect(await endOf(api.get$(server.origin.replace('https:', 'http:')))).toMatchObject({ code: 'network' });
    expect(arrived).toEqual([]);
  });
});

describe('a redirect', () => {
  it.each([302, 307])('from https to http is not followed: nothing goes out in clear text (%d)', async (status) => {
    server.answer = answering('', { location: `${plain.origin}/b` }, status);
    const end = await endOf(signedIn(trusting()).post$('/a', { secret: 1 }, { headers: SECRETS }));
    expect(end).toMatchObject({ code: 'network', cause: { message: 'redirect from https to http' } });
    expect(arrived).toEqual([]);
  });

  it.each([302, 307])('from https to http is followed as fetch does, without token and cookie (%d)', async (status) => {
    // The only way to have Node's fetch trust a certificate of the test; it says so once.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    server.answer = answering('', { location: `${plain.origin}/b` }, status);
    const { cookie } = SECRETS;
    await firstValueFrom(signedIn(fetchTransport()).post$('/a', 'text', { headers: { cookie } }));
    expect(arrived).toHaveLength(1);
    expect(JSON.stringify(arrived)).not.toContain('hidden');
  });

  it('from http to https uses the agent for https, and takes no secret along', async () => {
    plain.answer = answering('', { location: `${server.origin}/b` }, 307);
    const api = apiOf(trusting(), plain.origin);
    const headers = { ...SECRETS, authorization: 'Bearer hidden' };
    const { body } = await firstValueFrom(api.request$<Echo>('POST', '/a', { headers }));
    expect(body).toMatchObject({ method: 'POST', url: '/b' });
    expect(JSON.stringify(body.headers)).not.toContain('hidden');
  });

  it('within https keeps the token at its origin, and leaves it behind at another port', async () => {
    const other = await startHttpServer(certificate);
    other.answer = echo;
    const seen: unknown[] = [];
    for (const to of ['/b', `${other.origin}/b`]) {
      server.answer = (request, response, body) =>
        request.url === '/a' ? response.writeHead(302, { location: to }).end() : echo(request, response, body);
      seen.push((await firstValueFrom(signedIn(trusting()).get$<Echo>('/a'))).headers.authorization);
    }
    expect(seen).toEqual(['Bearer hidden', undefined]);
    await other.close();
  });
});
