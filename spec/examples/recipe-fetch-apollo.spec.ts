import { type ApolloClient, CombinedGraphQLErrors, gql, ServerError } from '@apollo/client';
import { isApiError } from 'renewal';
import { describe, expect, it } from 'vitest';
import { createApolloClient } from '../../examples/recipes/fetch-apollo';
import { type ForeignServer, itRenewsOnce, serveJson, startForeignServer } from '../support/foreign-server';

const query = gql`query Order($id: ID!) { order(id: $id) { id } }`;
const ONE = { query, variables: { id: '1' } };
const orderOf = (id: string) => ({ order: { __typename: 'Order', id } });
const serve = serveJson((_url, body) => ({ data: orderOf(JSON.parse(body).variables.id) }));

const connect = ({ api, session, origin }: ForeignServer): ApolloClient =>
  createApolloClient(api, session, `${origin}/graphql`);

describe("the recipe of Apollo's HttpLink", () => {
  itRenewsOnce(
    serve,
    (server) => {
      const client = connect(server);
      return async (index) => (await client.query({ query, variables: { id: `${index}` } })).data;
    },
    (index) => orderOf(`${index}`),
  );

  it('rejects with the error of the session', async () => {
    const server = await startForeignServer(serve);
    server.revoke();
    const error = await connect(server)
      .query(ONE)
      .catch((error: unknown) => error);
    expect(isApiError(error, 'session-expired')).toBe(true);
  });

  it('shows the next user nothing of the cache', async () => {
    const server = await startForeignServer(serve);
    const client = connect(server);
    await client.query(ONE);
    expect(client.cache.extract()).toHaveProperty('Order:1');
    await server.session.signIn({ accessToken: 'B' });
    await expect.poll(() => client.cache.extract()).toEqual({});
  });

  it('keeps the cache during a refresh', async () => {
    const server = await startForeignServer(serve);
    const client = connect(server);
    await client.query(ONE);
    server.expire();
    await client.query({ query, variables: { id: '2' } });
    expect(client.cache.extract()).toMatchObject({ 'Order:1': {}, 'Order:2': {} });
  });

  it('rejects with its own error for GraphQL errors and for another status', async () => {
    const server = await startForeignServer(serveJson(() => ({ errors: [{ message: 'no such order' }] })));
    const client = connect(server);
    await expect(client.query(ONE)).rejects.toBeInstanceOf(CombinedGraphQLErrors);
    server.serve = (_request, response) => response.writeHead(500).end('{}');
    await expect(client.query(ONE)).rejects.toBeInstanceOf(ServerError);
  });

  it('closes the connection when nobody watches the query', async () => {
    const server = await startForeignServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"data":');
      subscription.unsubscribe();
    });
    const subscription = connect(server)
      .watchQuery(ONE)
      .subscribe(() => {});
    await server.aborted();
  });
});
