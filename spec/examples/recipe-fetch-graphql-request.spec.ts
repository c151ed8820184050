import { ClientError, type GraphQLClient } from 'graphql-request';
import { anyOf, bodyCode, isApiError, statusCode } from 'renewal';
import { describe, expect, it } from 'vitest';
import { createGraphQLClient, isUnauthenticated } from '../../examples/recipes/fetch-graphql-request';
import { type ForeignServer, itRenewsOnce, serveJson, startForeignServer } from '../support/foreign-server';

const QUERY = 'query Order($id: ID!) { order(id: $id) { id } }';
const serve = serveJson((_url, body) => ({ data: { order: { id: JSON.parse(body).variables.id } } }));
const UNAUTHENTICATED = { message: 'sign in', extensions: { code: 'UNAUTHENTICATED' } };

const connect = ({ api, origin }: ForeignServer): GraphQLClient => createGraphQLClient(api, `${origin}/graphql`);

describe('the recipe of graphql-request', () => {
  itRenewsOnce(
    serve,
    (server) => {
      const client = connect(server);
      return (index) => client.request(QUERY, { id: index });
    },
    (index) => ({ order: { id: index } }),
  );

  /** Rejects the first token as GraphQL servers do, with status 200. */
  const startGraphQL = (data?: null | object) =>
    startForeignServer(
      ({ headers }, response) => {
        const errors = headers.authorization === 'Bearer ada.access.1' ? [UNAUTHENTICATED] : undefined;
        const body = errors ? { data, errors } : { data: { order: { id: '1' } } };
        response.writeHead(200, { 'content-type': 'application/graphql-response+json' }).end(JSON.stringify(body));
      },
      'HTTP 401',
      { isExpired: anyOf(statusCode(401), bodyCode(1002), isUnauthenticated) },
    );

  it.each([undefined, null])('renews after errors with status 200, and data: %s', async (data) => {
    const server = await startGraphQL(data);
    expect(await connect(server).request(QUERY, { id: 1 })).toEqual({ order: { id: '1' } });
    expect(server.counts().refreshes).toBe(1);
  });

  it('sends nothing twice whose response has data', async () => {
    const server = await startGraphQL({ order: null });
    const error = await connect(server)
      .request(QUERY, { id: 1 })
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({ response: { data: { order: null }, errors: [UNAUTHENTICATED] } });
    expect(server.authorizations).toEqual(['Bearer ada.access.1']);
  });

  it('rejects with the error of the session', async () => {
    const server = await startForeignServer(serve);
    server.revoke();
    const error = await connect(server)
      .request(QUERY, { id: 1 })
      .catch((error: unknown) => error);
    expect(isApiError(error, 'session-expired')).toBe(true);
  });

  it('closes the connection on abort', async () => {
    const controller = new AbortController();
    const server = await startForeignServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"data":');
      controller.abort();
    });
    const request = connect(server).request({ document: QUERY, variables: { id: 1 }, signal: controller.signal });
    await expect(request).rejects.toMatchObject({ name: 'AbortError' });
    await server.aborted();
  });
});
