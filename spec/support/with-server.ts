import { afterEach, beforeEach } from 'vitest';
import { type Signal, startServer, type TestServer } from './server';

/** A test server of its own for each test of the calling suite, by one name: the server of the running test. */
export const withServer = (signal?: Signal): TestServer => {
  let running: TestServer;
  beforeEach(async () => {
    running = await startServer(signal);
  });
  afterEach(() => running.close());
  // The handlers forward every member, so the target is never read.
  return new Proxy({} as TestServer, {
    get: (_, name) => Reflect.get(running, name),
    set: (_, name, value) => Reflect.set(running, name, value),
  });
};
