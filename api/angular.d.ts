// The public declarations. `npm run api` writes this file: do not edit it.
import type { HttpContext as HttpContext$1, HttpInterceptorFn } from '@angular/common/http';
import type {
  EnvironmentProviders,
  InjectionToken,
  Injector,
  Provider,
  ResourceRef,
  Signal,
  ValueEqualityFn,
} from '@angular/core';
import type { UrlTree } from '@angular/router';
import type {
  Api,
  ApiOptions,
  BearerOptions,
  HttpContext,
  RequestOptions,
  Session,
  SessionOptions,
  SessionState,
  Transport,
} from 'renewal';
import type { ServerSentEvent, StreamOptions } from 'renewal/stream';
import type { MockTransport } from 'renewal/testing';
import type { Observable } from 'rxjs';

export declare const API: InjectionToken<Api>;

export interface ApiFeature {
  readonly session?: (http: Api) => SessionOptions;
  readonly name?: ApiName;
}

export type ApiName = InjectionToken<ProvidedApi>;

export interface ApiResourceOptions<T> {
  readonly defaultValue?: NoInfer<T>;
  readonly equal?: ValueEqualityFn<T>;
  readonly api?: ApiName;
  readonly injector?: Injector;
}

export type ApiResourceRequest<T> =
  | string
  | (RequestOptions<T> & {
      readonly url: string | URL;
    });

export interface ApiStreamOptions<T> extends ApiResourceOptions<ServerSentEvent<T>> {
  readonly openOnServer?: boolean;
}

export type ApiStreamRequest<T> =
  | string
  | (StreamOptions<T> & {
      readonly url: string | URL;
    });

export declare const MOCK_TRANSPORT: InjectionToken<MockTransport>;

export interface ProvidedApi {
  readonly api: Api;
  readonly session: Session | undefined;
  readonly allowedOrigins: readonly string[] | undefined;
}

export declare const SESSION: InjectionToken<Session>;

export declare function apiResource<T>(
  request: () => ApiResourceRequest<T> | undefined,
  options: ApiResourceOptions<T> & {
    readonly defaultValue: NoInfer<T>;
  },
): ResourceRef<T>;

export declare function apiResource<T>(
  request: () => ApiResourceRequest<T> | undefined,
  options?: ApiResourceOptions<T>,
): ResourceRef<T | undefined>;

export declare function apiStream<T = string>(
  request: () => ApiStreamRequest<T> | undefined,
  options: ApiStreamOptions<T> & {
    readonly defaultValue: NoInfer<ServerSentEvent<T>>;
  },
): ResourceRef<ServerSentEvent<T>>;

export declare function apiStream<T = string>(
  request: () => ApiStreamRequest<T> | undefined,
  options?: ApiStreamOptions<T>,
): ResourceRef<ServerSentEvent<T> | undefined>;

export declare const httpClientTransport: () => Transport;

export declare const injectApi: (name?: ApiName) => Api;

export declare const injectSession: (name?: ApiName) => Session;

export declare const openOnServer: (context?: HttpContext) => HttpContext;

export declare const provideApi: (
  options: ApiOptions | (() => ApiOptions),
  ...features: readonly ApiFeature[]
) => EnvironmentProviders;

export declare const provideApiTesting: (
  options?: ApiOptions | (() => ApiOptions),
  ...features: readonly ApiFeature[]
) => EnvironmentProviders;

export declare const provideSessionInterceptor: (session?: Session | ApiName, options?: BearerOptions) => Provider;

export declare const sessionInterceptor: (session?: Session | ApiName, options?: BearerOptions) => HttpInterceptorFn;

export declare const sessionState: (name?: ApiName) => Signal<SessionState>;

export declare const signedIn: (
  redirect: string | ((url: string) => string),
  name?: ApiName,
) => () => Observable<true | UrlTree>;

export declare const withName: (name: ApiName) => ApiFeature;

export declare const withSession: (options: SessionOptions | ((http: Api) => SessionOptions)) => ApiFeature;

export declare const withoutSession: (context?: HttpContext$1) => HttpContext$1;

export {};
