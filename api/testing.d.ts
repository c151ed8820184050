// The public declarations. `npm run api` writes this file: do not edit it.
import type { HttpRequest, SessionOptions, TokenGrant, TokenStore, Transport } from 'renewal';

export interface FakeBackend {
  readonly transport: Transport;
  readonly fetch: typeof fetch;
  issue(user?: string): TokenGrant;
  readonly refresh: SessionOptions['refresh'];
  rotate(refreshToken: string): TokenGrant | RefreshRefusal;
  userOf(accessToken: string): string | undefined;
  expireTokens(): void;
  revoke(user?: string): void;
  failNextRefresh(kind: RefreshFault): void;
  readonly log: readonly LogEntry[];
  readonly refreshes: number;
  verify(): void;
}

export interface FakeBackendOptions {
  readonly signal?: 'status' | 'code' | undefined;
  readonly tokenLifeMs?: number | undefined;
  readonly rotate?: boolean | undefined;
  readonly reuseDetection?: boolean | undefined;
  readonly latencyMs?: number | undefined;
  readonly refreshPath?: string | undefined;
  readonly routes?: Readonly<Record<string, (request: FakeRequest) => unknown>> | undefined;
  readonly publicRoutes?: readonly string[] | undefined;
}

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly user: string | undefined;
}

export interface LawRunner {
  describe(name: string, declare: () => void): unknown;
  it(title: string, run: () => Promise<void>): unknown;
}

export interface LogEntry {
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly status: number;
}

export type MakeStore = () => MaybePromise<TokenStore | readonly [TokenStore, TokenStore]>;

type MaybePromise<T> = T | Promise<T>;

export interface MockRequest {
  readonly request: HttpRequest;
  readonly cancelled: boolean;
  flush(body: unknown, init?: Omit<Reply, 'body'>): void;
  error(cause?: unknown): void;
  progress(loaded: number, total?: number, type?: 'download' | 'upload'): void;
}

export interface MockTransport extends Transport {
  expectOne(match: RequestMatch): MockRequest;
  match(match: RequestMatch): MockRequest[];
  verify(): void;
}

export type RefreshFault = 'refused' | 'unavailable' | 'offline' | 'never' | 'malformed';

export type RefreshRefusal = 'unknown' | 'revoked' | 'spent';

export interface Reply {
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
}

export type RequestMatch = string | RegExp | ((request: HttpRequest) => boolean);

export declare const fakeBackend: (options?: FakeBackendOptions) => FakeBackend;

export declare const mockTransport: () => MockTransport;

export declare const storeLaws: (name: string, make: MakeStore, { describe, it }: LawRunner) => void;

export declare const transportLaws: (
  name: string,
  make: () => Transport | Promise<Transport>,
  { describe, it }: LawRunner,
) => void;

export {};
