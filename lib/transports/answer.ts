import type { HttpRequest } from '../http/request';

/** Whether the response has no content, whatever its transport has read: its body is `null` (RFC 9110 section 6.4.1). */
export const isEmpty = ({ method }: HttpRequest, status: number): boolean =>
  method === 'HEAD' || status === 204 || status === 205 || status === 304;

/** Why a platform did not take a request; quotes nothing of what that has thrown. */
export const whyNot = ({ url }: HttpRequest): string =>
  /^https?:/i.test(url) ? 'this transport can not send it' : 'a relative url needs a page or a baseUrl';
