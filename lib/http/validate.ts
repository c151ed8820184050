import { type MonoTypeOperatorFunction, map, mergeMap, type Observable, of, takeWhile } from 'rxjs';
import { SchemaError } from './errors';
import { internalsOf } from './internals';
import { isNotJson } from './json-text';
import type { HttpRequest } from './request';
import type { HttpEvent } from './response';
import type { SchemaResult, StandardSchemaV1 } from './schema';
import { invoke$ } from './to-observable';

/**
 * Validates the body of a successful response with a schema, and emits the response with the schema's output. Errors
 * with `SchemaError`; an error that the schema throws or rejects with is emitted unchanged.
 */
export const validateBody = (schema: StandardSchemaV1, request: HttpRequest): MonoTypeOperatorFunction<HttpEvent> => {
  const check = (event: HttpEvent): Observable<HttpEvent> => {
    if (event.type !== 'response' || event.status >= 400 || isNotJson(event, internalsOf(request).newest))
      return of(event);
    const toEvent = (result: SchemaResult<unknown>): HttpEvent => {
      if (!result.issues) return { ...event, body: result.value };
      const issues = Array.from(result.issues, ({ message, path = [] }) => ({
        message,
        path: Array.from(path, (step) => (typeof step === 'object' ? step.key : step)),
      }));
      throw new SchemaError(request, event, issues);
    };
    return invoke$(() => schema['~standard'].validate(event.body)).pipe(map(toEvent));
  };
  // A slow schema keeps no connection open.
  return (events$) =>
    events$.pipe(
      takeWhile(({ type }) => type !== 'response', true),
      mergeMap(check),
    );
};
