import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createClient } from 'redis';
import { createBackend } from './backend';

const {
  SHOP_URL = 'http://127.0.0.1:8080',
  REDIS_URL = 'redis://127.0.0.1:6379',
  PORT = '3000',
  WORKERS = '4',
} = process.env;

const runPrimary = async (): Promise<void> => {
  const workers = Array.from({ length: Number(WORKERS) }, () => cluster.fork());
  const addresses = await Promise.all(workers.map((worker) => once(worker, 'listening')));
  process.stdout.write(`${workers.length} processes at http://127.0.0.1:${addresses[0]?.[0].port}\n`);
  // A process that ends leaves no user signed out: the tokens are in Redis.
  cluster.on('exit', (worker) => {
    if (!worker.exitedAfterDisconnect) cluster.fork();
  });
};

const runWorker = async (): Promise<void> => {
  const client = createClient({ url: REDIS_URL });
  // It reconnects by itself. Until then, the sessions go on from memory.
  client.on('error', ({ message }) => process.stderr.write(`redis: ${message}\n`));
  await client.connect();
  const backend = createBackend(SHOP_URL, client);
  const server = createServer(backend.listener).listen(Number(PORT), '127.0.0.1');
  process.once('disconnect', () => {
    server.close();
    backend.close();
    client.destroy();
  });
};

await (cluster.isPrimary ? runPrimary() : runWorker());
