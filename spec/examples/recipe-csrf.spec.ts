import { randomUUID } from 'node:crypto';
import { type Api, ajaxTransport, isApiError, type Transport } from 'renewal';
import { firstValueFrom, tap } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLaravelClient } from '../../examples/recipes/csrf';
import { type Answer, type HttpServer, startHttpServer } from '../support/http-server';

/** The cookies of a browser: `document.cookie` shows those that are not HttpOnly. */
const createCookieJar = () => {
  const cookies = new Map<string, { readonly value: string; readonly isHidden: boolean }>();
  const textOf = (isShown: (name: string) => boolean): string =>
    [...cookies]
      .filter(([name]) => isShown(name))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
  const keep = (line: string): void => {
    const [, name = '', value = '', attributes = ''] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? [];
    cookies.set(name, { value, isHidden: /httponly/i.test(attributes) });
  };
  const send = ajaxTransport();
  const transport: Transport = (request) =>
    send({ ...request, headers: { ...request.headers, cookie: textOf(() => true) } }).pipe(
      tap((event) => {
        if (event.type === 'response') event.headers['set-cookie']?.split('\n').forEach(keep);
      }),
    );
  const page = {
    get cookie() {
      return textOf((name) => !cookies.get(name)?.isHidden);
    },
  };
  return { transport, page };
};

interface Visit {
  csrf: string;
  user?: string | undefined;
}

/** Responds as Laravel with Sanctum does. Its tokens end with padding, which a cookie encodes. */
const createLaravel = () => {
  const visits = new Map<string, Visit>();
  const counts: Record<string, number> = {};
  const newToken = (): string => `${randomUUID()}==`;
  const answer: Answer = ({ method, url, headers }, response, body) => {
    const cookieId = /laravel_session=([^;]+)/.exec(headers.cookie ?? '')?.[1] ?? '';
    const id = visits.has(cookieId) ? cookieId : randomUUID();
    const visit: Visit = visits.get(id) ?? { csrf: newToken() };
    visits.set(id, visit);
    const reply = (status: number, value?: object): void => {
      counts[`${method} ${url} ${status}`] = (counts[`${method} ${url} ${status}`] ?? 0) + 1;
      const cookies = [`laravel_session=${id}; Path=/; HttpOnly; SameSite=Lax`];
      // Laravel sets it with each response of a route that has passed its check.
      if (status !== 419) cookies.push(`XSRF-TOKEN=${encodeURIComponent(visit.csrf)}; Path=/; SameSite=Lax`);
      response.writeHead(status, { 'content-type': 'application/json', 'set-cookie': cookies });
      response.end(value && JSON.stringify(value));
    };

    if (method === 'GET') return reply(204);
    if (headers['x-xsrf-token'] !== visit.csrf) return reply(419, { message: 'CSRF token mismatch.' });
    if (url === '/login') {
      visit.user = JSON.parse(`${body}`).user;
      visit.csrf = newToken();
      return reply(204);
    }
    if (!visit.user) return reply(401, { message: 'Unauthenticated.' });
    reply(201, { placedBy: visit.user });
  };
  return {
    answer,
    counts,
    /** Makes the CSRF token of each visitor stale. */
    replaceTokens: () => {
      for (const visit of visits.values()) visit.csrf = newToken();
    },
    /** Ends each login, as its lifetime does. */
    forgetVisits: () => visits.clear(),
  };
};

describe('the recipe of a server with CSRF tokens', () => {
  let server: HttpServer;
  let laravel: ReturnType<typeof createLaravel>;
  let api: Api;

  beforeEach(async () => {
    laravel = createLaravel();
    server = await startHttpServer();
    server.answer = laravel.answer;
    const jar = createCookieJar();
    vi.stubGlobal('location', { href: `${server.origin}/` });
    vi.stubGlobal('document', Object.assign(jar.page, { baseURI: `${server.origin}/` }));
    api = createLaravelClient(server.origin, jar.transport);
  });

  afterEach(async () => {
    vi.unstubAllGlobals();
    await server.close();
  });

  const signIn = () => firstValueFrom(api.post$('/login', { user: 'ada' }));
  const place = () => firstValueFrom(api.post$('/orders', { item: 'ink' }));

  it('requests the cookie before the first request, and no second time after a login', async () => {
    await signIn();
    expect(await place()).toEqual({ placedBy: 'ada' });
    expect(laravel.counts).toEqual({
      'GET /sanctum/csrf-cookie 204': 1,
      'POST /login 204': 1,
      'POST /orders 201': 1,
    });
  });

  it('renews a stale token once for 20 requests, and places each order once', async () => {
    await signIn();
    laravel.replaceTokens();
    expect(await Promise.all(Array.from({ length: 20 }, place))).toHaveLength(20);
    expect(laravel.counts).toEqual({
      'GET /sanctum/csrf-cookie 204': 2,
      'POST /login 204': 1,
      'POST /orders 201': 20,
      'POST /orders 419': 20,
    });
  });

  it('passes on the 401 of a login that has ended, after one renewal', async () => {
    await signIn();
    laravel.forgetVisits();
    const error = await place().catch((error: unknown) => error);
    expect(isApiError(error, 'status') && error.status).toBe(401);
    expect(laravel.counts).toMatchObject({
      'GET /sanctum/csrf-cookie 204': 2,
      'POST /orders 401': 1,
      'POST /orders 419': 1,
    });
  });

  it('continues after a renewal that failed', async () => {
    await signIn();
    laravel.replaceTokens();
    server.answer = (request, response, body) => {
      if (request.method !== 'GET') return laravel.answer(request, response, body);
      server.answer = laravel.answer;
      response.writeHead(503, { 'retry-after': '0' }).end();
    };
    const error = await place().catch((error: unknown) => error);
    expect(isApiError(error, 'refresh')).toBe(true);
    await signIn();
    expect(await place()).toEqual({ placedBy: 'ada' });
  });
});
