import type { AddressInfo, Server, Socket } from 'node:net';

/** A server that listens on a port of its own. */
export interface Listening {
  readonly port: number;
  /** The connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** Destroys every connection, so it never waits for a client: a test that has failed may have left requests. */
  close(): Promise<void>;
}

/** Lets a server listen on 127.0.0.1. Works for HTTP, TLS and TCP: all of them emit the socket itself. */
export const listen = async (server: Server): Promise<Listening> => {
  const sockets = new Set<Socket>();
  let isClosed = false;
  // First, so that a server of a test sees `sockets` as they are.
  server.prependListener('connection', (socket: Socket) => {
    // A connection that was accepted before the end and is reported after it.
    if (isClosed) socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    port,
    sockets,
    close: () =>
      new Promise((resolve) => {
        isClosed = true;
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};
