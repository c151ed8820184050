import type { HttpRequest } from '../http/request';

/**
 * Whether the response has no content, whatever its transport has read: its body is `null` (RFC 9110 section 6.4.1).
 */
export const hasNoContent = ({ method }: HttpRequest, status: number): boolean =>
  method === 'HEAD' || status === 204 || status === 205 || status === 304;

/** The charset that a content type names; UTF-8 if it names none. */
export const charsetOf = (contentType: string): string =>
  /;\s*charset\s*=\s*["']?([^\s;"']+)/i.exec(contentType)?.[1] ?? 'utf-8';

/**
 * The text in this charset, as XHR decodes it; in UTF-8 if the platform does not know the charset. A byte order mark is
 * dropped.
 */
export const decodeText = (bytes: ArrayBuffer | Uint8Array, charset: string): string => {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
};
