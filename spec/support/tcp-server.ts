import { createServer, type Socket } from 'node:net';
import { createBarrier } from './barrier';
import { listen } from './listen';

/** The reaction of a server to a request whose headers have arrived; `nth` counts the requests, from 1. */
export type Act = (socket: Socket, head: string, nth: number) => void;

/** A server that writes whatever bytes a test wants instead of HTTP. */
export interface TcpServer {
  readonly origin: string;
  act: Act;
  /** Runs when a connection opens, before any data. */
  greet: (socket: Socket) => void;
  /** The number of connections that were ever opened. */
  readonly opened: number;
  /** The heads of all requests, in order. */
  readonly heads: readonly string[];
  /** The number of open connections. */
  readonly open: number;
  /** The open connections. */
  readonly connections: ReadonlySet<Socket>;
  /** Drops the recorded heads, which would count in a memory test. */
  forget(): void;
  /** Closes connections without data, now and later: a platform may keep the connection of a cancelled request. */
  closeUnused(): void;
  /** Resolves when no connection is open. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

/** A server on its own port. It drops request bodies, unless `act` pauses the socket. */
export const startTcpServer = async (): Promise<TcpServer> => {
  const heads: string[] = [];
  const waiting = new Set<() => void>();
  let opened = 0;

  const listener = createServer((socket) => {
    opened++;
    let text = '';
    // Connections break on purpose here, so errors are expected.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (sockets.size === 0) for (const tell of waiting) tell();
    });
    socket.on('data', (data) => {
      text += data.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        if (!/^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(head)) continue;
        heads.push(head);
        server.act(socket, head, heads.length);
      }
    });
    server.greet(socket);
  });
  const { port, sockets, close } = await listen(listener);

  const server: TcpServer = {
    origin: `http://127.0.0.1:${port}`,
    act: (socket) => socket.end(),
    greet: () => {},
    get opened() {
      return opened;
    },
    get open() {
      return sockets.size;
    },
    connections: sockets,
    heads,
    forget: () => {
      heads.length = 0;
    },
    closeUnused: () => {
      server.greet = (socket) => socket.destroy();
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    },
    quiet: () => {
      const barrier = createBarrier();
      if (sockets.size === 0) barrier.open();
      else waiting.add(barrier.open);
      return barrier.opened;
    },
    close,
  };
  return server;
};

/** A response as text. */
export const answerText = (body: string, headers: Record<string, string> = {}, status = '200 OK'): string => {
  const all = { 'content-length': `${Buffer.byteLength(body, 'latin1')}`, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`;
};
