import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Api, Body } from 'renewal';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nextHop } from '../../../lib/transports/node/redirect';
import { type Echo, echo, type HttpServer, startHttpServer } from '../../support/http-server';
import { createNodeClient, endOf, type NodeClient } from '../../support/node-client';
import { answerText, startTcpServer } from '../../support/tcp-server';

let server: HttpServer;
let other: HttpServer;
let client: NodeClient;
let api: Api;

beforeEach(async () => {
  [server, other] = await Promise.all([startHttpServer(), startHttpServer()]);
  other.answer = echo;
  client = createNodeClient(server.origin, { timeoutMs: 2_000 });
  api = client.api;
});

afterEach(async () => {
  client.agent.destroy();
  await Promise.all([server.close(), other.close()]);
});

/** Leads `/from` to `location`, and answers everything else with what has come. */
const lead = (status: number, location: string): void => {
  server.answer = (request, response, body) => {
    if (request.url === '/from') response.writeHead(status, { location }).end('moved');
    else echo(request, response, body);
  };
};

const ask = (method: string, body: Body = null, headers: Record<string, string> = {}) =>
  firstValueFrom(api.request$<Echo>(method, '/from', { body, headers }));

describe('a redirect', () => {
  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'DELETE', 'GET'],
    [301, 'PUT', 'PUT'],
    [302, 'PATCH', 'PATCH'],
    [301, 'DELETE', 'DELETE'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
    [307, 'PUT', 'PUT'],
    [308, 'DELETE', 'DELETE'],
  ])('of status %d makes of %s a %s, with its body where it stays the same', async (status, method, next) => {
    lead(status, '/to');
    const { body } = await ask(method, { a: 1 }, { 'x-one': '1' });
    const kept = method === next;
    expect(body).toMatchObject({ method: next, url: '/to', bytes: kept ? [...Buffer.from('{"a":1}')] : [] });
    expect(body.headers['x-one']).toBe('1');
    expect(body.headers['content-type']).toBe(kept ? 'application/json' : undefined);
    expect(body.headers['content-length']).toBe(kept ? '7' : undefined);
  });

  it.each([301, 302, 303, 307, 308])('of status %d keeps HEAD', async (status) => {
    const methods: unknown[] = [];
    server.answer = ({ method, url }, response) => {
      methods.push(method);
      response.writeHead(url === '/from' ? status : 200, { location: '/to' }).end();
    };
    await firstValueFrom(api.head$('/from'));
    expect(methods).toEqual(['HEAD', 'HEAD']);
  });

  it.each([
    ['/to?a=1', '/to?a=1'],
    ['to', '/to'],
    ['?a=1', '/from?a=1'],
    ['/ü', '/%C3%BC'],
    ['/a b', '/a%20b'],
    ['#hash', undefined],
  ])('to %s is relative to where it came from', async (location, url) => {
    server.answer = (request, response) => {
      const to = Buffer.from(location).toString('latin1');
      if (request.url === '/from') response.writeHead(302, { location: to }).end();
      else response.end(JSON.stringify(request.url));
    };
    const answer = await endOf(api.request$('GET', '/from'));
    if (url) expect(answer).toMatchObject({ value: { body: url, url: server.origin + url } });
    else expect(answer).toMatchObject({ code: 'network', cause: { message: 'too many redirects' } });
  });

  it('may be relative to another host', async () => {
    lead(302, other.origin.replace('http:', ''));
    expect(await ask('GET')).toMatchObject({ url: `${other.origin}/`, body: { method: 'GET', url: '/' } });
  });

  it('to another origin takes no header along that may be a secret', async () => {
    lead(307, `${other.origin}/to`);
    const secrets = {
      authorization: 'Bearer x',
      cookie: 'a=x',
      'x-api-key': 'x',
      'proxy-authorization': 'x',
      referer: 'x',
    };
    const harmless = { accept: 'text/csv', 'accept-language': 'de', 'user-agent': 'shop', range: 'bytes=0-9' };
    const { body } = await ask('POST', null, { ...secrets, ...harmless });
    expect(body).toMatchObject({ method: 'POST', headers: harmless, bytes: [] });
    expect(Object.keys(body.headers).filter((name) => name in secrets)).toEqual([]);
  });

  it.each<[number, string, () => Body]>([
    [307, 'POST', () => ({ refresh_token: 'hidden', client_secret: 'hidden' })],
    [308, 'POST', () => new URLSearchParams({ refresh_token: 'hidden' })],
    [307, 'PUT', () => 'hidden'],
    [301, 'PATCH', () => Buffer.from('hidden')],
    [302, 'DELETE', () => new Blob(['hidden'])],
  ])('of status %d to another origin takes no body of %s along', async (status, method, body) => {
    lead(status, `${other.origin}/to`);
    const heard: unknown[] = [];
    other.answer = ({ url }, response) => {
      heard.push(url);
      response.end();
    };
    const error = await endOf(api.request$(method, '/from', { body: body() }));
    expect(error).toMatchObject({ code: 'network', cause: { message: 'redirect of a body to another origin' } });
    expect(heard).toEqual([]);
  });

  it('that leaves the body behind may lead a POST to another origin', async () => {
    lead(303, `${other.origin}/to`);
    expect((await ask('POST', { refresh_token: 'hidden' })).body).toMatchObject({ method: 'GET', bytes: [] });
  });

  it('that comes back has no secrets any more', async () => {
    other.answer = (_request, response) => response.writeHead(302, { location: `${server.origin}/to` }).end();
    lead(302, other.origin);
    expect((await ask('GET', null, { authorization: 'Bearer x' })).body.headers).not.toHaveProperty('authorization');
  });

  it('to another port is one to another origin, user info and all', async () => {
    lead(302, other.origin);
    const withInfo = server.origin.replace('//', '//user:secret@');
    const { body, url } = await firstValueFrom(api.request$<Echo>('GET', `${withInfo}/from`));
    expect(body.headers).not.toHaveProperty('authorization');
    expect(url).toBe(`${other.origin}/`);
  });

  it('within the origin keeps the user info of the url, which no answer shows', async () => {
    lead(302, '/to');
    const withInfo = server.origin.replace('//', '//user:pass%20word@');
    const { body, url } = await firstValueFrom(api.request$<Echo>('GET', `${withInfo}/from`));
    expect(body.headers.authorization).toBe(`Basic ${Buffer.from('user:pass word').toString('base64')}`);
    expect(url).toBe(`${server.origin}/to`);
  });

  it('takes no user info from the server', async () => {
    lead(302, `${other.origin.replace('//', '//user:pass@')}/to`);
    const { body, url } = await ask('GET');
    expect(body.headers).not.toHaveProperty('authorization');
    expect(url).toBe(`${other.origin}/to`);
  });

  it.each([20, 21])('is followed 20 times and no more: %d', async (count) => {
    let left = count;
    server.answer = (_request, response) => {
      if (left-- > 0) response.writeHead(302, { location: `/${left}` }).end();
      else response.end('1');
    };
    const end = await endOf(api.get$('/from'));
    if (count === 20) expect(end).toEqual({ value: 1 });
    else expect(end).toMatchObject({ code: 'network', cause: { message: 'too many redirects' } });
  });

  it('frees its connection for the next request, also where there is but one', async () => {
    lead(302, '/to');
    client.agent.maxSockets = 1;
    for (let count = 0; count < 5; count++) expect(await ask('GET')).toMatchObject({ status: 200 });
    expect(client.held()).toMatchObject({ inUse: 0, queued: 0 });
  });

  it('with a long body of its own frees its connection, too', async () => {
    server.answer = (request, response, body) => {
      if (request.url === '/from') response.writeHead(302, { location: '/to' }).end(Buffer.alloc(1_000_000));
      else echo(request, response, body);
    };
    client.agent.maxSockets = 1;
    for (let count = 0; count < 5; count++) expect(await ask('GET')).toMatchObject({ status: 200 });
    expect(client.held()).toMatchObject({ inUse: 0, queued: 0 });
  });

  it('whose own body never ends is followed nevertheless', async () => {
    server.answer = (request, response) => {
      if (request.url !== '/from') return response.end('1');
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more).writeHead(302, { location: '/to' });
      return more();
    };
    expect(await endOf(api.get$('/from'))).toEqual({ value: 1 });
    await client.released();
  });

  it.each(['ftp://h/', 'file:///etc/passwd', 'javascript:1', 'data:text/plain,1', 'mailto:a@b', 'ws://h/'])(
    'to %s is an error',
    async (location) => {
      lead(302, location);
      expect(await endOf(api.get$('/from'))).toMatchObject({ code: 'network' });
    },
  );

  it('of a stream, which is used up, is an error where it has to be sent again', async () => {
    lead(307, '/to');
    const end = await endOf(api.post$('/from', new Blob(['text']).stream()));
    expect(end).toMatchObject({ code: 'network', cause: { message: expect.stringMatching('cannot be sent twice') } });
  });

  it('that comes before the whole body has been sent ends the sending', async () => {
    const early = await startTcpServer();
    early.greet = (socket) => socket.on('data', () => socket.pause());
    early.act = (socket, head) =>
      void socket.write(/^GET/.test(head) ? answerText('1') : answerText('', { location: '/to' }, '303 See Other'));
    const bodies = [
      new Uint8Array(8_000_000),
      new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(9_999)) }),
    ];
    for (const body of bodies) {
      expect(await endOf(api.post$(`${early.origin}/from`, body))).toEqual({ value: 1 });
      await client.released();
      // The server has heard enough on the connections that it has.
      client.agent.destroy();
    }
    await client.released();
    await early.close();
  });

  it('of a stream that becomes a GET is followed', async () => {
    lead(303, '/to');
    expect((await ask('POST', new Blob(['text']).stream())).body).toMatchObject({ method: 'GET', bytes: [] });
  });

  it.each([300, 304, 305, 306])('is none with status %d', async (status) => {
    lead(status, '/to');
    expect(await ask('GET').catch(() => ({ status: 0 }))).toMatchObject(
      status === 304 ? { status, body: null } : { status: 0 },
    );
  });

  it('to https whose agent is none is an error, and crashes nothing', async () => {
    lead(302, 'https://127.0.0.1:1/');
    expect(await endOf(api.get$('/from'))).toMatchObject({ code: 'network' });
  });
});

describe('nextHop', () => {
  const replayable = { canReplay: true, hasBody: false };
  const from = { method: 'GET', url: 'https://shop.example/a', headers: { authorization: 'Bearer x' } };

  it('refuses to go from https to http, also to the same host', () => {
    expect(() => nextHop(302, 'http://shop.example/a', from, replayable)).toThrow('redirect from https to http');
  });

  it('goes from http to https, which is another origin', () => {
    const hop = nextHop(302, 'https://shop.example/a', { ...from, url: 'http://shop.example/a' }, replayable);
    expect(hop).toMatchObject({ url: 'https://shop.example/a', isSameOrigin: false, headers: {} });
  });

  it('takes a body along within the origin and to https on the same host only', () => {
    const post = { method: 'POST', url: 'http://shop.example/a', headers: {} };
    const hop = (location: string) => () => nextHop(307, location, post, { canReplay: true, hasBody: true });
    for (const to of ['/b', 'https://shop.example/b']) expect(hop(to)()).toMatchObject({ keepsBody: true });
    for (const to of ['http://shop.example:81/', 'https://shop.example:444/', 'https://evil.example/'])
      expect(hop(to)).toThrow('redirect of a body to another origin');
  });

  it('takes no user info along', () => {
    expect(nextHop(302, 'https://user:pass@shop.example/b', from, replayable)).toMatchObject({
      url: 'https://shop.example/b',
    });
  });

  it('takes a default port for none', () => {
    expect(nextHop(302, 'https://shop.example:443/b', from, replayable)).toMatchObject({ isSameOrigin: true });
  });

  it.each([
    'https://shop.example.evil/',
    'https://shop.example@evil/',
    'https://evil\\@shop.example/',
    '//shop.example:444/',
  ])('takes %s for another origin', (location) => {
    expect(nextHop(302, location, from, replayable)).toMatchObject({ isSameOrigin: false, headers: {} });
  });

  it.each([undefined, 'http://[', 'https://h:99999/secret', 'https://%zz/secret'])(
    'quotes nothing of %s',
    (location) => {
      expect(() => nextHop(302, location, from, replayable)).toThrow(/^redirect [a-zA-Z() ]+$/);
    },
  );
});

describe('https', () => {
  it('that no one has certified is an error, with what Node has to say', async () => {
    const plain = createServer();
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as AddressInfo; // it listens on a port
    const end = await endOf(api.get$(`https://127.0.0.1:${port}/`));
    expect(end).toMatchObject({ code: 'network', cause: { code: expect.any(String) } });
    plain.close();
  });
});
