import createClient, { type Client } from 'openapi-fetch';
import { type Api, toFetch } from 'renewal';

/** As `openapi-typescript` makes it of the description of the server. */
export interface paths {
  '/orders/{id}': {
    get: {
      parameters: { path: { id: string } };
      responses: { 200: { content: { 'application/json': { id: string; by: string } } } };
    };
    put: {
      parameters: { path: { id: string } };
      requestBody: { content: { 'application/json': { quantity: number } } };
      responses: { 200: { content: { 'application/json': { id: string; quantity: number } } } };
    };
  };
}

/** @param baseUrl - Absolute: the client makes a `Request` of each url before the session sees it. */
export const createShopClient = (api: Api, baseUrl: string): Client<paths> =>
  createClient<paths>({ baseUrl, fetch: toFetch(api) });
