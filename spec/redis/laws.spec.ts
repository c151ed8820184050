import { type RedisStoreOptions, redisStore } from 'renewal/redis';
import { storeLaws } from 'renewal/testing';
import { describe, it } from 'vitest';
import { withRedis } from '../support/redis-server';

const redis = withRedis();

const createPair = async (options: Partial<RedisStoreOptions> = {}) => {
  const [client, other] = [await redis.open(), await redis.open()];
  const key = 'session:1';
  return [redisStore({ client, key, ...options }), redisStore({ client: other, key, ...options })] as const;
};

const aesKey = () => crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);

storeLaws('two redisStores of two clients', () => createPair(), { describe, it });

storeLaws(
  'two redisStores that encrypt',
  async () => createPair({ encrypt: { keys: { k1: await aesKey() }, current: 'k1' } }),
  { describe, it },
);

storeLaws(
  'two redisStores of one client',
  async () => {
    const client = await redis.open();
    return [redisStore({ client, key: '{a}:1' }), redisStore({ client, key: '{a}:1' })] as const;
  },
  { describe, it },
);
