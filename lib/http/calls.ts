import type { Observable } from 'rxjs';
import type { Body } from './request';
import type { Bodies, RequestOptions, SchemaOptions, TypedOptions } from './request-options';
import type { HttpEvent, HttpResponse } from './response';

/** A request without a body: emits the decoded body of the response and completes. */
export interface Get {
  <Type extends keyof Bodies>(url: string | URL, options: TypedOptions<Type>): Observable<Bodies[Type]>;
  <T>(url: string | URL, options: SchemaOptions<T>): Observable<T>;
  <T>(url: string | URL, options?: RequestOptions<T>): Observable<T>;
}

interface WithBody {
  body?: Body | undefined;
}

/** A request whose body is one of its options: emits the decoded body of the response and completes. */
export interface Delete extends Get {
  <Type extends keyof Bodies>(url: string | URL, options: TypedOptions<Type> & WithBody): Observable<Bodies[Type]>;
  <T>(url: string | URL, options: SchemaOptions<T> & WithBody): Observable<T>;
  <T>(url: string | URL, options?: RequestOptions<T> & WithBody): Observable<T>;
}

/** A request with a body: emits the decoded body of the response and completes. */
export interface Post {
  <Type extends keyof Bodies>(
    url: string | URL,
    body: Body | undefined,
    options: TypedOptions<Type>,
  ): Observable<Bodies[Type]>;
  <T>(url: string | URL, body: Body | undefined, options: SchemaOptions<T>): Observable<T>;
  <T>(url: string | URL, body?: Body, options?: RequestOptions<T>): Observable<T>;
}

interface WithoutProgress extends WithBody {
  reportProgress?: false | undefined;
}

interface WithProgress extends WithBody {
  reportProgress: true;
}

/** A request of any method: emits the whole response and completes; with `reportProgress`, progress first. */
export interface SendRequest {
  <Type extends keyof Bodies>(
    method: string,
    url: string | URL,
    options: TypedOptions<Type> & WithProgress,
  ): Observable<HttpEvent<Bodies[Type]>>;
  <Type extends keyof Bodies>(
    method: string,
    url: string | URL,
    options: TypedOptions<Type> & WithoutProgress,
  ): Observable<HttpResponse<Bodies[Type]>>;
  <T>(method: string, url: string | URL, options: SchemaOptions<T> & WithProgress): Observable<HttpEvent<T>>;
  <T>(method: string, url: string | URL, options: SchemaOptions<T> & WithoutProgress): Observable<HttpResponse<T>>;
  <T>(method: string, url: string | URL, options: RequestOptions<T> & WithProgress): Observable<HttpEvent<T>>;
  <T>(method: string, url: string | URL, options?: RequestOptions<T> & WithoutProgress): Observable<HttpResponse<T>>;
}
