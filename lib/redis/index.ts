export type { RedisClient } from './client';
export { type RedisStoreOptions, redisStore } from './redis-store';
export { createSessions, type Sessions, type SessionsOptions } from './sessions';
export type { AesKey, Encryption } from './value';
