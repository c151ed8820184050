import { connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { listen } from './listen';

/**
 * The fate of what a client has sent. `lose`: the connection breaks, and the server gets nothing. `lose reply`: the
 * server has carried it out when the connection breaks. `hold`: the server gets it, and what follows, after `release`.
 */
type Fate = 'pass' | 'lose' | 'lose reply' | 'hold';

/** A proxy before a Redis server, for faults of the network at an exact command. Ends with the test. */
export interface RedisProxy {
  readonly url: string;
  /** The server that new connections are to. */
  port: number;
  /** Called with the bytes that a client has sent, as text. */
  judge: (sent: string) => Fate;
  /** Lets everything pass that was held. */
  release(): void;
}

export const startRedisProxy = async (redisPort: number): Promise<RedisProxy> => {
  const held: (() => void)[] = [];
  const listener = createServer((socket) => {
    const server = connect(proxy.port, '127.0.0.1');
    let isHolding = false;
    socket.on('error', () => {});
    server.on('error', () => {});
    socket.on('close', () => server.destroy());
    server.on('close', () => socket.destroy());
    server.on('data', (reply) => socket.write(reply));
    socket.on('data', (bytes) => {
      const judged = proxy.judge(bytes.toString('latin1'));
      const fate = isHolding ? 'hold' : judged;
      if (fate === 'lose') return void socket.destroy();
      if (fate === 'pass') return void server.write(bytes);
      if (fate === 'hold') {
        isHolding = true;
        held.push(() => {
          isHolding = false;
          server.write(bytes);
        });
        return undefined;
      }
      server.removeAllListeners('data').once('data', () => socket.destroy());
      return void server.write(bytes);
    });
  });
  const { port, close } = await listen(listener);
  onTestFinished(close);
  const proxy: RedisProxy = {
    url: `redis://127.0.0.1:${port}`,
    port: redisPort,
    judge: () => 'pass',
    release: () => {
      for (const pass of held.splice(0)) pass();
    },
  };
  return proxy;
};
