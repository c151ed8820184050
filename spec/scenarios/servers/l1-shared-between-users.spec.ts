import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { concatMap, from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { stateOf } from '../../support/module-state';
import type { Echo } from '../../support/server';
import { createClient, errorsOf, settleAll } from '../../support/server-client';
import { withServer } from '../../support/with-server';

const USERS = ['a', 'b'] as const;
const ROUNDS = 50;
const PER_ROUND = 20;

const lib = fileURLToPath(new URL('../../../lib/', import.meta.url));
const modules = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((name) => /(?<!\.d)\.ts$/.test(name));

failureMode(
  {
    id: 'L1',
    title: 'A module that keeps the token leaks it from one user to the next',
    renewal:
      'Everything belongs to a session or a client, and nothing to a module: create one session for each user, or for each served request, in one process.',
    threads: [
      'bertho-zero/react-redux-universal-hot-example#192',
      'kadirahq/flow-router#422',
      'lelylan/simple-oauth2#88',
    ],
  },
  (signal) => {
    const server = withServer(signal);

    it('sends no request of a user with the token of another, in a thousand of each', {
      timeout: 30_000,
    }, async () => {
      const clients = USERS.map((user) => ({ user, ...createClient(server, { user }) }));
      for (let round = 0; round < ROUNDS; round++) {
        // Their tokens expire one after the other, and both at once.
        const dying = [['a'], ['b'], ['a', 'b'], []][round % 4] ?? [];
        for (const { user, session } of clients)
          if (dying.includes(user)) server.live.delete(`${Object(session.state).tokens.accessToken}`);
        const interleaved = Array.from({ length: PER_ROUND }, (_, index) =>
          clients.map(({ user, api }) => api.get$<Echo>(`/${user}/${round}/${index}`)),
        );
        expect(errorsOf(await settleAll(interleaved.flat())).filter(Boolean)).toEqual([]);
      }
      const strayed = server.hits.filter(({ path, token }) => path.charAt(1) !== token.charAt(0));
      expect(strayed).toEqual([]);
      for (const { user, session } of clients) {
        const ofUser = server.presented.filter((token) => token.startsWith(`${user}.`));
        expect(ofUser).toEqual(Array.from({ length: ofUser.length }, (_, index) => `${user}.refresh.${index + 1}`));
        expect(ofUser.length).toBeGreaterThanOrEqual(ROUNDS / 2 - 1);
        expect(session.state).toMatchObject({ tokens: { accessToken: `${user}.access.${ofUser.length + 1}` } });
      }
    });

    it('shares nothing between sessions that are made for each served request', async () => {
      const served = from(['a', 'b', 'a', 'c']).pipe(
        concatMap((user) => {
          const { session, api } = createClient(server, { user });
          server.live.clear();
          return api.get$<Echo>(`/${user}`).pipe(
            toArray(),
            concatMap(async (answers) => {
              session.destroy();
              return answers[0]?.by.charAt(0);
            }),
          );
        }),
        toArray(),
      );
      expect(await lastValueFrom(served)).toEqual(['a', 'b', 'a', 'c']);
    });

    describe('the modules of renewal', () => {
      it('have no state of their own, except per storage or Redis client of the caller', () => {
        const state = modules.flatMap((name) => stateOf(readFileSync(`${lib}${name}`, 'utf8')).map((at) => [name, at]));
        expect(modules).toContain('session/session.ts');
        expect(state).toEqual([
          ['redis/subscriptions.ts', 'new WeakMap<RedisClient, Subscriptions>()'],
          ['redis/subscriptions.ts', 'subscriptionsOf.set(client, subscriptions)'],
          ['stores/shared-entry.ts', 'new WeakMap<object, Record<string, SharedEntry>>()'],
          ['stores/shared-entry.ts', 'entries.set(storage, named)'],
        ]);
      });

      it.each([
        'let promise;',
        'var promise;',
        'export let count = 0;',
        'const queue = []; const join = (caller) => queue.push(caller);',
        'const seen = new Set();',
        'const state$ = wrap(new BehaviorSubject(null));',
        'const known = { of: new Map() };',
        'const pattern = /x/g;',
        'class Client { static token; }',
        'class Client { static readonly sent = new Map(); }',
        'const cache = {}; const set = () => { cache.token = 1; };',
        'const cache = {}; const count = () => cache.hits++;',
      ])('detects module state: %s', (text) => {
        expect(stateOf(text)).not.toEqual([]);
      });

      it('allows constants and factories', () => {
        const text = `const MS = 5; const of = { a: [1] }; const make = () => { let n = 0; const s = new Set([n++]); return s; };`;
        expect(stateOf(text)).toEqual([]);
      });
    });
  },
);
