/**
 * Whether the platform's `fetch` accepts a form, blob or stream. It may convert one of another realm or polyfill to a
 * text such as `[object FormData]`; its `Response` then has the content type of a text.
 */
export const isAcceptedByFetch = (body: object): boolean => {
  try {
    return new Response(body as BodyInit).headers.get('content-type') !== 'text/plain;charset=UTF-8'; // may throw
  } catch {
    return false;
  }
};

/** The same for `XMLHttpRequest`; its platform may have no `Response`. */
export const isAcceptedByXHR = (body: object): boolean => {
  const { FormData, Blob } = globalThis;
  return [FormData, Blob].some((type) => type && body instanceof type) || isAcceptedByFetch(body);
};
