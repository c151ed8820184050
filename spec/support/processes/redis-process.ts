import { createClient } from 'redis';
import { redisStore } from 'renewal/redis';
import { runProcess } from './process';

runProcess((place) => {
  const [url, key = ''] = place.split('#');
  const client = createClient({ url: url ?? '' });
  client.on('error', () => {}); // a server that is stopped
  const connected = client.connect().catch(() => {});
  // The connection of the caller keeps the process alive.
  process.once('disconnect', () => connected.then(() => client.destroy()));
  return redisStore({ client, key });
});
