import { InvalidRequestError } from './errors';
import { hasMethod } from './options';
import type { Body, HttpRequest } from './request';

/** The name of the object's kind (`Symbol.toStringTag`): `FormData`, `Uint8Array` … */
export const tagOf = (body: unknown): string => Object.prototype.toString.call(body).slice(8, -1);

/** The kinds of body that are not sent as JSON or as a text. */
export type BodyKind = 'bytes' | 'stream' | 'params' | 'form' | 'blob';

/**
 * Recognises a body by its methods, so that a body of another realm, of a polyfill or of a runtime without
 * `Symbol.toStringTag` counts too; `undefined` for any other value. React Native's `FormData` has `getParts`, and its
 * older versions have no `getAll`.
 */
export const kindOf = (body: unknown): BodyKind | undefined => {
  // Most requests have no body, or a text.
  if (!body || typeof body !== 'object') return undefined;
  if (ArrayBuffer.isView(body) || /^(Shared)?ArrayBuffer$/.test(tagOf(body))) return 'bytes';
  // `FormData` and `URLSearchParams` of Bun have a `toJSON` too.
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

/** Whether the body is a stream: sending uses it up, so it cannot be replayed. */
export const isStream = (body: unknown): boolean => {
  try {
    return kindOf(body) === 'stream';
  } catch {
    // A getter of the body throws; `serialize` reports that.
    return false;
  }
};

/** The members that {@link copyMutableBody} reads of a view, a buffer or a form. */
interface MutableBody extends Partial<ArrayBufferView> {
  readonly entries?: () => Iterable<readonly [string, unknown]>;
  /** The fields of React Native's form, which has no `entries`. */
  readonly _parts?: Iterable<readonly [string, unknown]>;
}

/**
 * A form with the same fields, made by the base class, because a subclass may add or rename fields. The given form if
 * its fields cannot be listed.
 */
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
 * Copies a body that the caller may change later: bytes to an `ArrayBuffer`, a view without the rest of its buffer, and
 * a form to another form. `undefined` for any other body. Throws an `InvalidRequestError`.
 */
export const copyMutableBody = (request: HttpRequest): Extract<Body, object> | undefined => {
  let kind: BodyKind | undefined;
  try {
    kind = kindOf(request.body);
    if (kind !== 'bytes' && kind !== 'form') return undefined;
    const body = request.body as object & MutableBody; // by its kind
    if (kind === 'form') return copyForm(body);
    // A buffer has no offset: all of it is copied.
    const { buffer = body as ArrayBuffer, byteOffset = 0, byteLength } = body;
    return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength)).buffer;
  } catch {
    throw new InvalidRequestError(`the body${kind ? ` (${kind})` : ''} cannot be read`, { request });
  }
};

/** The value of a JSON text, or `undefined` if the text is not JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * Why a body cannot be serialised. Messages of an engine quote names of properties; those of a getter may quote
 * anything.
 */
const jsonFailure = (error: unknown): string => {
  const message = error instanceof TypeError ? error.message : '';
  if (/circ|cycl/i.test(message)) return 'it has a circular reference';
  return /bigint/i.test(message) ? 'it has a BigInt' : 'a getter or toJSON() throws';
};

/** The JSON of a plain value. Maps, sets, promises and streams of Node would be sent as `{}` or as their internals. */
const toJson = (body: unknown, tag: string): string | undefined => {
  const isPlain =
    /^(Object|Array|Number|Boolean|String)$/.test(tag) &&
    !['pipe', 'then', 'subscribe'].some((name) => hasMethod(body, name));
  return typeof body !== 'function' && (isPlain || hasMethod(body, 'toJSON')) ? JSON.stringify(body) : undefined;
};

/**
 * Serialises the body, once for all attempts. A text stays unchanged; forms, blobs, bytes and streams are left to the
 * transport; any other value becomes JSON. A request that is serialised already is returned unchanged. Throws an
 * `InvalidRequestError`.
 */
export const serialize = (request: HttpRequest): HttpRequest => {
  const { body } = request;
  // Most requests have no body, or are serialised already.
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
    throw new InvalidRequestError(`the body cannot be serialised: ${why}`, { request, cause: new TypeError(why) });
  }
  if (text === undefined) throw new InvalidRequestError(`a body of this kind (${tag}) cannot be sent`, { request });
  const type = isForm ? 'application/x-www-form-urlencoded;charset=UTF-8' : 'application/json';
  return { ...request, headers: { 'content-type': type, ...request.headers }, body: text };
};
