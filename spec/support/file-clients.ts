import { join } from 'node:path';
import { fileStore } from 'renewal/node';
import { afterAll } from 'vitest';
import type { Issued, TestServer } from './server';
import { type ClientOptions, createClient, type TestClient } from './server-client';
import { createTempDirs } from './temp-dirs';

/** Clients over one file, each with a store of its own, as processes have. */
export interface FileClients {
  readonly path: string;
  readonly issued: Issued;
  readonly clients: readonly TestClient[];
}

/** Makes clients for the calling suite. The first one has signed in; the access token is dead by then. */
export const withFileClients = (server: TestServer) => {
  const dirs = createTempDirs();
  afterAll(dirs.remove);
  return async (
    count: number,
    { lockTimeoutMs, ...options }: ClientOptions & { readonly lockTimeoutMs?: number } = {},
  ): Promise<FileClients> => {
    const path = join(dirs.make(), 'session.json');
    const issued = server.issue();
    const clients = Array.from({ length: count }, () =>
      createClient(server, { issued, ...options, store: fileStore({ path, lockTimeoutMs }) }),
    );
    await clients[0]?.session.signIn(issued);
    server.live.delete(issued.accessToken);
    return { path, issued, clients };
  };
};

export const destroyAll = (clients: readonly TestClient[]): void => {
  for (const { session } of clients) session.destroy();
};
