// A process that uses its session once, closes its client and leaves the session open.

import { createClient } from 'redis';
import { createApi, createSession } from 'renewal';
import { redisStore } from 'renewal/redis';
import { fakeBackend } from 'renewal/testing';
import { firstValueFrom } from 'rxjs';

const run = async (): Promise<void> => {
  const client = createClient({ url: process.argv[2] ?? '' });
  await client.connect();
  const backend = fakeBackend({ routes: { '/orders': () => 'orders' } });
  const session = createSession({ store: redisStore({ client, key: 'session:1' }), refresh: backend.refresh });
  const api = createApi({ baseUrl: 'https://backend.test', session, transport: backend.transport });
  await session.signIn(backend.issue());
  backend.expireTokens();
  process.stdout.write(`${await firstValueFrom(api.get$('/orders'))}\n`);
  while (await client.exists('{session:1}:lock')) await new Promise((resolve) => setImmediate(resolve));
  await client.close();
};

run();
