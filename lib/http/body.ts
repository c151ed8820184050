import { InvalidRequestError } from './errors';
import { hasMethod } from './options';
import type { Body, HttpRequest } from './request';

/** What kind of object it is, by its own name: `FormData`, `Uint8Array` … */
export const tagOf = (body: unknown): string => Object.prototype.toString.call(body).slice(8, -1);

/** What a body is that has a form of its own on the wire. */
export type BodyKind = 'bytes' | 'stream' | 'params' | 'form' | 'blob';

/**
 * Recognises a body by what it can do, so that one of another realm, a polyfill or a runtime without `Symbol.toStringTag` counts as well;
 * `undefined` if it is something else. React Native's `FormData` has `getParts`, and its older versions have no `getAll`.
 */
export const kindOf = (body: unknown): BodyKind | undefined => {
  // Most have none, or a text.
  if (!body || typeof body !== 'object') return undefined;
  if (ArrayBuffer.isView(body) || /^(Shared)?ArrayBuffer$/.test(tagOf(body))) return 'bytes';
  // Bun's forms and parameters have a `toJSON` as well.
  if (hasMethod(body, 'toJSON') && !/^(FormData|URLSearchParams)$/.test(tagOf(body))) return undefined;
  if (hasMethod(body, 'getReader')) return 'stream';
  if (
    hasMethod(body, 'append') &&
    (hasMethod(body, 'getAll') || hasMethod(body, 'getParts')) &&
    !hasMethod(body, 'pipe')
  )
    return hasMethod(body, 'sort') || tagOf(body) === 'URLSearchParams' ? 'params' : 'form';
  return hasMethod(body, 'slice') && 'size' in body && 'type' in body ? 'blob' : undefined;
};

/** Whether sending the body uses it up. */
export const isStream = (body: unknown): boolean => {
  try {
    return kindOf(body) === 'stream';
  } catch {
    // A getter of the caller's: `serialize` says so.
    return false;
  }
};

/** What {@link copyMutableBody} reads of a view, a buffer or a form. */
interface MutableBody extends Partial<ArrayBufferView> {
  readonly entries?: () => Iterable<readonly [string, unknown]>;
  /** What React Native's form has instead of `entries`. */
  readonly _parts?: Iterable<readonly [string, unknown]>;
}

/** A form with the same fields, made by the class at the base, as one that extends it may add or rename fields. The first itself if its fields cannot be listed. */
const copyForm = (form: object & MutableBody): object => {
  const entries = form.entries?.() ?? form._parts;
  if (!entries) return form;
  let base: object = form;
  for (let at: object | null = form; at; at = Object.getPrototypeOf(at)) if (Object.hasOwn(at, 'append')) base = at;
  const copy: { append?(name: string, value: unknown): void } = Reflect.construct(base.constructor, []);
  if (typeof copy.append !== 'function') return form;
  for (const [name, value] of entries) copy.append(name, value);
  return copy;
};

/**
 * A copy of what a caller may change later: of bytes an `ArrayBuffer`, of a view only what it shows, and of a form another one.
 * `undefined` if the body is something else. Throws an `InvalidRequestError`.
 */
export const copyMutableBody = (request: HttpRequest): Extract<Body, object> | undefined => {
  let kind: BodyKind | undefined;
  try {
    kind = kindOf(request.body);
    if (kind !== 'bytes' && kind !== 'form') return undefined;
    const body = request.body as object & MutableBody; // by its kind
    if (kind === 'form') return copyForm(body);
    // A buffer has no offset: it shows all of itself.
    const { buffer = body as ArrayBuffer, byteOffset = 0, byteLength } = body;
    return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength)).buffer;
  } catch {
    throw new InvalidRequestError(`its body${kind ? ` (${kind})` : ''} cannot be read`, { request });
  }
};

/** The value that a JSON text holds, or `undefined` where it holds none. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Why there is no JSON of it. An engine's own words quote names of properties, and those of a getter may quote anything. */
const jsonFailure = (error: unknown): string => {
  const message = error instanceof TypeError ? error.message : '';
  if (/circ|cycl/i.test(message)) return 'it has a circular reference';
  return /bigint/i.test(message) ? 'it has a BigInt' : 'a getter or toJSON() throws';
};

/** The JSON of what JSON can say. Maps, sets, promises and streams of Node would be sent as `{}` or as their internals. */
const toJson = (body: unknown, tag: string): string | undefined => {
  const isPlain =
    /^(Object|Array|Number|Boolean|String)$/.test(tag) &&
    !['pipe', 'then', 'subscribe'].some((name) => hasMethod(body, name));
  return typeof body !== 'function' && (isPlain || hasMethod(body, 'toJSON')) ? JSON.stringify(body) : undefined;
};

/**
 * Serialises the body, once for all attempts: a text stays as it is, forms, blobs, bytes and streams are left to the transport,
 * everything else becomes JSON. What is serialised already comes back as it is. Throws an `InvalidRequestError`.
 */
export const serialize = (request: HttpRequest): HttpRequest => {
  const { body } = request;
  // Most requests have none, or come a second time.
  if (body == null || typeof body === 'string') return request;
  let text: string | undefined;
  let isForm = false;
  let tag = '';
  try {
    const kind = kindOf(body);
    if (kind && kind !== 'params') return request;
    isForm = !!kind;
    tag = tagOf(body);
    text = isForm ? `${body}` : toJson(body, tag);
  } catch (error) {
    const why = jsonFailure(error);
    throw new InvalidRequestError(`its body cannot be serialised: ${why}`, { request, cause: new TypeError(why) });
  }
  if (text === undefined) throw new InvalidRequestError(`a body of this kind (${tag}) cannot be sent`, { request });
  const type = isForm ? 'application/x-www-form-urlencoded;charset=UTF-8' : 'application/json';
  return { ...request, headers: { 'content-type': type, ...request.headers }, body: text };
};
