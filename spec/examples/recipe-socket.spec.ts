import { createServer } from 'node:http';
import { createApi, createSession, memoryStore, type Session, type TokenGrant } from 'renewal';
import { firstValueFrom, type Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { messages$, SocketClosedError } from '../../examples/recipes/socket';
import { type HttpServer, startHttpServer } from '../support/http-server';
import { type Listening, listen } from '../support/listen';

/** The same numbers between 0 and 1 for the same seed, by a linear congruential generator. */
const seededRandom = (seed: number) => (): number => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
};

describe('the recipe of a WebSocket', () => {
  let http: HttpServer;
  let listening: Listening;
  let url: string;
  let session: Session;
  let subscriptions: Subscription[];
  /** Whether the server accepts a token. */
  let accepts: (token: string) => boolean;
  /** The accepted sockets, by their token, in the order of their arrival. */
  let accepted: { readonly token: string; readonly socket: WebSocket }[];
  let refreshes: number;
  let rejections: number;

  beforeEach(async () => {
    [accepted, refreshes, rejections, subscriptions] = [[], 0, 0, []];
    accepts = () => true;
    const server = createServer();
    listening = await listen(server);
    url = `ws://127.0.0.1:${listening.port}`;
    new WebSocketServer({ server }).on('connection', (socket) =>
      socket.once('message', (data) => {
        const { token } = JSON.parse(`${data}`);
        if (!accepts(token)) {
          rejections++;
          return socket.close(4401);
        }
        accepted.push({ token, socket });
        socket.send(`welcome ${token}`);
      }),
    );
    http = await startHttpServer();
    http.answer = (_request, response) => response.end(JSON.stringify({ accessToken: `T${++refreshes + 1}` }));
    const plain = createApi({ baseUrl: http.origin });
    session = createSession({
      store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
      refresh: ({ refreshToken }) => plain.post$<TokenGrant>('/renew', { refreshToken }),
    });
  });

  afterEach(async () => {
    for (const subscription of subscriptions) subscription.unsubscribe();
    session.destroy();
    await Promise.all([listening.close(), http.close()]);
  });

  /** Subscribes; resolves with the messages when there are `count` of them, and rejects with the error. */
  const receive = (count: number): Promise<string[]> =>
    new Promise((resolve, reject) => {
      const messages: string[] = [];
      const next = (message: string) => messages.push(message) === count && resolve(messages);
      subscriptions.push(messages$(session, url).subscribe({ next, error: reject }));
    });

  it('renews once for 100 sockets closed at random moments within 2 s', async () => {
    const random = seededRandom(14_000_000);
    const COUNT = 100;
    const both = Array.from({ length: COUNT }, () => receive(2));
    await expect.poll(() => accepted.length).toBe(COUNT);
    accepts = (token) => token !== 'T1';
    const first = [...accepted];
    let closed = 0;
    // The refresh lasts until the 20th socket is closed: sockets are closed before, during and after it.
    const closedInRefresh = new Promise<void>((resolve) => {
      for (const { socket } of first)
        setTimeout(() => {
          socket.close(4401);
          if (++closed === 20) resolve();
        }, random() * 2_000);
    });
    http.answer = async (_request, response) => {
      refreshes++;
      await closedInRefresh;
      response.end(JSON.stringify({ accessToken: 'T2' }));
    };

    expect(await Promise.all(both)).toEqual(Array.from({ length: COUNT }, () => ['welcome T1', 'welcome T2']));
    expect({ refreshes, rejections, sockets: accepted.length }).toEqual({ refreshes: 1, rejections: 0, sockets: 200 });
  }, 20_000);

  it('gives up if the server closes the renewed socket with 4401 too', async () => {
    accepts = () => false;
    const error = await receive(1).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(SocketClosedError);
    expect(error).toMatchObject({ closeCode: 4401 });
    expect({ refreshes, rejections }).toEqual({ refreshes: 1, rejections: 2 });
  });

  it('renews a second time after a socket that was accepted', async () => {
    const three = receive(3);
    for (const count of [1, 2]) {
      await expect.poll(() => accepted.length).toBe(count);
      accepted.at(-1)?.socket.close(4401);
    }
    expect(await three).toEqual(['welcome T1', 'welcome T2', 'welcome T3']);
    expect(refreshes).toBe(2);
  });

  it('passes on another close code without a refresh', async () => {
    const error = receive(2).catch((error: unknown) => error);
    await expect.poll(() => accepted.length).toBe(1);
    accepted[0]?.socket.close(4403);
    expect(await error).toMatchObject({ closeCode: 4403 });
    expect(refreshes).toBe(0);
  });

  it('closes the socket when it is unsubscribed', async () => {
    await firstValueFrom(messages$(session, url));
    await expect.poll(() => listening.sockets.size).toBe(0);
  });
});
