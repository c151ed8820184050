// The public declarations. `npm run api` writes this file: do not edit it.
import type { Session, SessionOptions, TokenStore } from 'renewal';

export interface AesKey {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: {
    readonly name: string;
  };
  readonly usages: readonly string[];
}

interface Commands {
  get(key: string): Promise<unknown>;
  set(
    key: string,
    value: string,
    options: {
      condition: 'NX';
      expiration: {
        type: 'PX';
        value: number;
      };
    },
  ): Promise<unknown>;
  eval(
    script: string,
    options: {
      keys: string[];
      arguments: string[];
    },
  ): Promise<unknown>;
  evalSha(
    sha1: string,
    options: {
      keys: string[];
      arguments: string[];
    },
  ): Promise<unknown>;
}

export interface Encryption {
  readonly keys: Readonly<Record<string, AesKey>>;
  readonly current: string;
}

export interface RedisClient extends Commands {
  withCommandOptions(options: { abortSignal: AbortSignal; typeMapping: Record<never, never> }): unknown;
  duplicate?(): unknown;
}

export interface RedisStoreOptions {
  readonly client: RedisClient;
  readonly key: string;
  readonly lockTtlMs?: number | undefined;
  readonly lockTimeoutMs?: number | undefined;
  readonly encrypt?: Encryption | undefined;
}

export interface Sessions {
  get(id: string): Session;
  delete(id: string): void;
  readonly size: number;
  destroy(): void;
}

export interface SessionsOptions {
  readonly session: (id: string) => SessionOptions;
  readonly max?: number | undefined;
  readonly idleMs?: number | undefined;
}

export declare const createSessions: (options: SessionsOptions) => Sessions;

export declare const redisStore: (options: RedisStoreOptions) => TokenStore;

export {};
