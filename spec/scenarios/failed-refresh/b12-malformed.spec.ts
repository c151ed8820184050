import { isApiError, memoryStore, type TokenGrant, type TokenStore } from 'renewal';
import { lastValueFrom } from 'rxjs';
import { beforeEach, expect, it, vi } from 'vitest';
import { stopClock } from '../../support/clock';
import { failureMode } from '../../support/failure-mode';
import { type Echo, json, type Reply } from '../../support/server';
import { createExpiredClient } from '../../support/server-client';
import { tokensShownBy } from '../../support/server-secrets';
import { storm } from '../../support/server-storm';
import { withServer } from '../../support/with-server';

const SIGNED_IN = { accessToken: 'a.access.1', refreshToken: 'a.refresh.1' };

const GARBLED: Readonly<Record<string, Reply>> = {
  HTML: { type: 'text/html', body: '<h1>Please sign in</h1>' },
  'half of a JSON body': { type: 'application/json', body: '{"accessToken":"a.access.2"' },
  'a text': { body: 'a.access.2' },
};

const NO_GRANT: Readonly<Record<string, Reply>> = {
  'no body': { type: 'application/json' },
  'status 204': { status: 204 },
  null: json(null),
  'an empty object': json({}),
  'an array': json(['a.access.2']),
  'another name for the token': json({ token: 'a.access.2', refreshToken: 'a.refresh.2' }),
  'an envelope that no interceptor opens': json({ code: 0, data: { accessToken: 'a.access.2' } }),
  'an envelope with a failure code that no interceptor opens': json({ code: 1003 }),
  'no access token': json({ refreshToken: 'a.refresh.2' }),
  'an access token that is null': json({ accessToken: null, refreshToken: 'a.refresh.2' }),
  'an access token that is empty': json({ accessToken: '', refreshToken: 'a.refresh.2' }),
  'an access token that is not a string': json({ accessToken: 2, refreshToken: 'a.refresh.2' }),
  'an access token in an object': json({ accessToken: { value: 'a.access.2' } }),
  'an access token with a line break': json({ accessToken: 'a.access.2\nX-Injected: 1' }),
  'an access token beyond ASCII': json({ accessToken: 'ä.access.2' }),
  'a refresh token that is not a string': json({ accessToken: 'a.access.2', refreshToken: 2 }),
  'a refresh token with a line break': json({ accessToken: 'a.access.2', refreshToken: 'a.refresh.2\n' }),
};

failureMode(
  {
    id: 'B12',
    title: 'A malformed refresh response is stored as a grant',
    renewal:
      'Each grant is validated before it is used: a malformed one is a `RefreshError`, nothing of it is stored, and the session is kept.',
    threads: ['Flyrell/axios-auth-refresh#118', 'DanXi-Dev/DanXi#151'],
  },
  (signal) => {
    const server = withServer(signal);
    let writes: string[];

    beforeEach(() => {
      writes = [];
    });

    /** A store in memory that records its writes. */
    const createWatchedStore = (grant: TokenGrant): TokenStore => {
      const kept = memoryStore(grant);
      return {
        ...kept,
        save: (tokens) => {
          writes.push(tokens.accessToken);
          return kept.save(tokens);
        },
        clear: () => {
          writes.push('');
          return kept.clear();
        },
      };
    };

    /** All waiting requests fail with `cause`, nothing is written, and the next refresh succeeds. */
    const expectNothingOf = async (reply: Reply, cause: object): Promise<void> => {
      stopClock();
      const issued = server.issue();
      const client = createExpiredClient(server, { issued, store: createWatchedStore(issued) });
      server.refreshReply = reply;
      const errors = await storm(server, client);
      expect(errors.filter((error) => isApiError(error, 'refresh'))).toHaveLength(errors.length);
      expect(errors[0]).toMatchObject({ cause });
      expect(tokensShownBy(errors)).toEqual([]);
      expect(client.session.state).toMatchObject({ status: 'expired', tokens: SIGNED_IN });
      expect(await client.store.load()).toMatchObject(SIGNED_IN);
      expect(writes).toEqual([]);

      server.refreshReply = undefined;
      vi.advanceTimersByTime(1_000);
      expect(await lastValueFrom(client.api.get$<Echo>('/next'))).toMatchObject({ by: 'a.access.2' });
      expect(server.presented).toEqual(['a.refresh.1', 'a.refresh.1']);
      expect(writes).toEqual(['a.access.2']);
    };

    it.each(Object.entries(GARBLED))('stores nothing if the response is %s', async (_, reply) => {
      await expectNothingOf(reply, { code: 'parse' });
    });

    it.each(Object.entries(NO_GRANT))('stores nothing if the response has %s', async (_, reply) => {
      await expectNothingOf(reply, expect.any(TypeError));
    });
  },
);
