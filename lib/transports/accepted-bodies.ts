/**
 * Whether the platform's `fetch` takes a form, blob or stream for what it is. Of one of another realm or polyfill it may make a text such as
 * `[object FormData]`, and its `Response` then names the type of a text.
 */
export const isAcceptedByFetch = (body: object): boolean => {
  try {
    return new Response(body as BodyInit).headers.get('content-type') !== 'text/plain;charset=UTF-8'; // what is asked
  } catch {
    return false;
  }
};

/** The same of `XMLHttpRequest`, which may be there without a `Response`. */
export const isAcceptedByXHR = (body: object): boolean => {
  const { FormData, Blob } = globalThis;
  return [FormData, Blob].some((type) => type && body instanceof type) || isAcceptedByFetch(body);
};
