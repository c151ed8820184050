// The public declarations. `npm run api` writes this file: do not edit it.
import type { TokenStore } from 'renewal';

export interface FileStoreOptions {
  readonly path: string;
  readonly lockTimeoutMs?: number | undefined;
}

export declare const fileStore: (options: FileStoreOptions) => TokenStore;

export {};
