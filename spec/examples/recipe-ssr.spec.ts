import { createServer } from 'node:http';
import type { Api } from 'renewal';
import { concatMap, map, type Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPageListener } from '../../examples/recipes/ssr';
import { type HttpServer, startHttpServer } from '../support/http-server';
import { type Listening, listen } from '../support/listen';

/** A server whose refresh tokens are valid once. All tokens name their user: `ada.R2`. */
const createBackEnd = () => {
  const valid = new Set(['ada.R1', 'bob.R1']);
  const presented: string[] = [];
  let nextNumber = 1;
  let expired = new Set<string>();
  let waiting: (() => void)[] = [];
  const backEnd = {
    presented,
    valid,
    /** How many renewals wait for each other before they are answered, the last one first. */
    together: 1,
    expireNext: () => {
      expired = new Set([`ada.T${nextNumber + 1}`]);
    },
    answer: ((request, response) => {
      const json = (status: number, body: object, setCookie: string[] = []) =>
        response
          .writeHead(status, { 'content-type': 'application/json', 'set-cookie': setCookie })
          .end(JSON.stringify(body));
      if (request.url === '/me') {
        const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
        if (!token || expired.has(token)) return json(401, { message: 'expired' });
        return json(200, { user: token.split('.')[0] });
      }
      const token = /refresh=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
      presented.push(token);
      const renew = () => {
        if (!valid.delete(token)) return json(401, { message: 'spent' }, ['refresh=; Max-Age=0; HttpOnly']);
        const [user] = token.split('.');
        nextNumber++;
        valid.add(`${user}.R${nextNumber}`);
        const cookies = ['seen=1', `refresh=${user}.R${nextNumber}; Path=/; HttpOnly; SameSite=Lax`];
        json(200, { accessToken: `${user}.T${nextNumber}` }, cookies);
      };
      waiting.push(renew);
      if (waiting.length < backEnd.together) return;
      const all = waiting.reverse();
      waiting = [];
      for (const each of all) each();
    }) satisfies HttpServer['answer'],
  };
  return backEnd;
};

describe('the recipe of a page that a server renders', () => {
  let backEnd: ReturnType<typeof createBackEnd>;
  let server: HttpServer;
  let pages: Listening;

  beforeEach(async () => {
    backEnd = createBackEnd();
    server = await startHttpServer();
    server.answer = backEnd.answer;
    const me$ = (api: Api): Observable<string> => api.get$<{ user: string }>('/me').pipe(map(({ user }) => user));
    const render$ = (api: Api) =>
      me$(api).pipe(concatMap((first) => me$(api).pipe(map((second) => `<p>${first} ${second}</p>`))));
    pages = await listen(createServer(createPageListener(server.origin, render$)));
  });

  afterEach(() => Promise.all([pages.close(), server.close()]));

  /** Requests the page as a browser that has this refresh token. */
  const visit = async (refreshToken?: string) => {
    const headers = { cookie: refreshToken ? `theme=dark; refresh=${refreshToken}` : 'theme=dark' };
    const response = await fetch(`http://127.0.0.1:${pages.port}/`, { headers, redirect: 'manual' });
    const cookies = response.headers.getSetCookie();
    const next = /refresh=([^;]*)/.exec(cookies.join('\n'))?.[1];
    return { status: response.status, headers: response.headers, page: await response.text(), cookies, next };
  };

  it('gives each of two visitors at once their own page and cookie, 20 times', async () => {
    backEnd.together = 2;
    const tokens = { ada: 'ada.R1', bob: 'bob.R1' };
    for (let round = 0; round < 20; round++) {
      const [ada, bob] = await Promise.all([visit(tokens.ada), visit(tokens.bob)]);
      expect([ada.page, bob.page]).toEqual(['<p>ada ada</p>', '<p>bob bob</p>']);
      expect([ada.next, bob.next]).toEqual([
        expect.stringMatching(/^ada\.R\d+$/),
        expect.stringMatching(/^bob\.R\d+$/),
      ]);
      Object.assign(tokens, { ada: ada.next, bob: bob.next });
    }
    expect(new Set(backEnd.presented).size).toBe(40);
    expect([...backEnd.valid].sort()).toEqual([tokens.ada, tokens.bob]);
  });

  it('passes on the whole cookie, and forbids caches to keep the page', async () => {
    const { cookies, headers } = await visit('ada.R1');
    expect(cookies).toEqual(['refresh=ada.R2; Path=/; HttpOnly; SameSite=Lax']);
    expect(headers.get('cache-control')).toBe('private, no-store');
  });

  it('presents the rotated token if the page needs a second renewal', async () => {
    backEnd.expireNext();
    const { page, next } = await visit('ada.R1');
    expect({ page, next, presented: backEnd.presented }).toEqual({
      page: '<p>ada ada</p>',
      next: 'ada.R3',
      presented: ['ada.R1', 'ada.R2'],
    });
  });

  it('redirects to the login, and passes on the deletion of a refused cookie', async () => {
    const { status, headers, cookies } = await visit('ada.R0');
    expect([status, headers.get('location'), cookies]).toEqual([302, '/login', ['refresh=; Max-Age=0; HttpOnly']]);
  });

  it('requests no renewal for a visitor without the cookie', async () => {
    const { status, cookies } = await visit();
    expect([status, cookies, backEnd.presented]).toEqual([302, [], []]);
  });

  it('responds with 502, and keeps the cookie, if the renewal fails otherwise', async () => {
    server.answer = (_request, response) => response.writeHead(503).end();
    const { status, cookies } = await visit('ada.R1');
    expect([status, cookies]).toEqual([502, []]);
  });
});
