import type { AddressInfo, Server, Socket } from 'node:net';

/** A server that listens on its own port. */
export interface Listening {
  readonly port: number;
  /** The open connections. */
  readonly sockets: ReadonlySet<Socket>;
  /** Destroys every connection, so it never waits for a client: a failed test may have left requests. */
  close(): Promise<void>;
}

/** Makes a server listen on 127.0.0.1. Works for HTTP, TLS and TCP, since all of them emit the socket itself. */
export const listen = async (server: Server): Promise<Listening> => {
  const sockets = new Set<Socket>();
  let isClosed = false;
  // Prepended, so that the listener of the test sees an up-to-date `sockets`.
  server.prependListener('connection', (socket: Socket) => {
    // A connection that was accepted before the close and is reported after it.
    if (isClosed) socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a listening server has an address
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
