import { generateProof, type KeyPair } from 'dpop';
import { type HttpEvent, type HttpRequest, HttpStatusError, type Interceptor, type Tokens } from 'renewal';
import { defer, from, map, of, switchMap } from 'rxjs';

/** What a session and its clients need for DPoP (RFC 9449). */
export interface Dpop {
  /** For `createSession`: signs each attempt with the access token. */
  readonly authorize: (request: HttpRequest, tokens: Tokens) => Promise<HttpRequest>;
  /** For all clients: remembers the nonces of each server, and repeats a request, once, if the server demands one. */
  readonly useNonces: Interceptor;
  /** For the client that requests tokens, after `useNonces`: signs a request that has no access token. */
  readonly prove: Interceptor;
}

/** At a resource server the demand is a challenge (RFC 9449 section 9), at a token endpoint a body (section 8). */
const demandsNonce = (request: HttpRequest, event: HttpEvent): boolean => {
  if (event.type !== 'response' || event.status < 400 || !event.headers['dpop-nonce']) return false;
  const { challenges } = new HttpStatusError(request, event);
  const errors = [Object(event.body).error, ...challenges.map(({ params }) => params.error)];
  return errors.includes('use_dpop_nonce');
};

/** Makes the parts. The private key need not be extractable. */
export const createDpop = (keys: KeyPair): Dpop => {
  /** The newest nonce of each origin. */
  const nonces = new Map<string, string>();

  const headersFor = async ({ method, url, headers }: HttpRequest, accessToken?: string) => {
    const { origin, pathname } = new URL(url); // a proof covers the url without its query
    const dpop = await generateProof(keys, origin + pathname, method, nonces.get(origin), accessToken);
    return { ...headers, dpop };
  };

  return {
    authorize: async (request, { accessToken }) => {
      const headers = await headersFor(request, accessToken);
      return { ...request, headers: { ...headers, authorization: `DPoP ${accessToken}` } };
    },
    useNonces: (request, next) => {
      const { origin } = new URL(request.url);
      const remember = (event: HttpEvent): HttpEvent => {
        const nonce = event.type === 'response' && event.headers['dpop-nonce'];
        if (nonce) nonces.set(origin, nonce);
        return event;
      };
      const send$ = defer(() => next(request)).pipe(map(remember));
      if (request.body instanceof ReadableStream) return send$; // a stream can be sent only once
      return send$.pipe(switchMap((event) => (demandsNonce(request, event) ? send$ : of(event))));
    },
    prove: (request, next) => from(headersFor(request)).pipe(switchMap((headers) => next({ ...request, headers }))),
  };
};
