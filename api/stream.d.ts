// The public declarations. `npm run api` writes this file: do not edit it.
import type { Api, Body, RequestOptions, StandardSchemaV1 } from 'renewal';
import type { Observable } from 'rxjs';

export interface ReconnectOptions {
  readonly delayMs?: number | undefined;
  readonly maxDelayMs?: number | undefined;
  readonly attempts?: number | undefined;
}

export interface ServerSentEvent<T> {
  readonly data: T;
  readonly event: string;
  readonly id: string;
}

export interface StreamOptions<T> extends Omit<RequestOptions<T>, 'responseType' | 'schema'> {
  method?: string | undefined;
  body?: Body | undefined;
  parse?: 'text' | 'json' | undefined;
  schema?: StandardSchemaV1<unknown, T> | undefined;
  reconnect?: boolean | ReconnectOptions | undefined;
  lastEventId?: string | undefined;
}

export declare const ndjson$: <T>(api: Api, url: string | URL, options?: StreamOptions<T>) => Observable<T>;

export declare const sse$: <T = string>(
  api: Api,
  url: string | URL,
  options?: StreamOptions<T>,
) => Observable<ServerSentEvent<T>>;

export {};
