import { memoryStore, type TokenStore, type Tokens } from 'renewal';
import type { MakeStore } from 'renewal/testing';
import { EMPTY, finalize, Observable, Subject, share } from 'rxjs';

/** A store that is right, with parts that are not. */
const storeWith = (change: (right: TokenStore) => Partial<TokenStore>): TokenStore => {
  const right = memoryStore();
  return { ...right, ...change(right) };
};

/** Two stores over one place, with parts that are not right. */
const pairWith = (
  change: (right: TokenStore, nth: number) => Partial<TokenStore>,
): readonly [TokenStore, TokenStore] => {
  const right = memoryStore();
  const [one, other] = [0, 1].map((nth) => ({ ...right, ...change(right, nth) }));
  return [one as TokenStore, other as TokenStore];
};

const without =
  (...names: (keyof Tokens)[]) =>
  (): TokenStore =>
    storeWith((right) => ({
      save: (tokens) => {
        const kept = { ...tokens };
        for (const name of names) Reflect.deleteProperty(kept, name);
        return right.save(kept);
      },
    }));

/** A lock that is not released at some ends of its work. */
const stuckAfter = (end: 'error' | 'unsubscribe'): TokenStore =>
  storeWith((right) => {
    const free = new Subject<void>();
    let isHeld = false;
    return {
      exclusive: (work) =>
        right.exclusive?.(
          new Observable((subscriber) => {
            if (isHeld) return subscriber.add(free.subscribe());
            isHeld = true;
            let isOver = false;
            subscriber.add(
              work
                .pipe(
                  finalize(() => {
                    if (!isOver) isHeld = end === 'unsubscribe';
                  }),
                )
                .subscribe({
                  next: (value) => subscriber.next(value),
                  error: (error) => {
                    isOver = true;
                    isHeld = end === 'error';
                    subscriber.error(error);
                  },
                  complete: () => {
                    isOver = true;
                    isHeld = false;
                    subscriber.complete();
                  },
                }),
            );
          }),
        ) ?? work,
    };
  });

/** Stores that break a law each, as others have got them wrong, with what a failure has to say. */
export const BROKEN_STORES: readonly (readonly [string, RegExp, MakeStore])[] = [
  ['forgets the refresh token', /all members: load: expected .*"refreshToken":"R1"/, without('refreshToken')],
  ['forgets the session id', /all members: load: expected .*"sessionId":"s1"/, without('sessionId')],
  ['forgets the revision', /all members: load: expected .*"revision":7/, without('revision')],
  ['forgets the expiry', /all members: load: expected .*"expiresAtMs":5/, without('expiresAtMs')],
  ['forgets the extras', /all members: load: expected .*"extras"/, without('extras')],
  [
    'merges tokens into those before',
    /keeps no member of replaced tokens/,
    () => {
      let kept: Tokens | null = null;
      return storeWith(() => ({
        load: () => kept,
        save: (tokens) => {
          kept = { ...kept, ...tokens };
        },
        clear: () => {
          kept = null;
        },
      }));
    },
  ],
  ['does not clear', /load after clear: expected null/, () => storeWith(() => ({ clear: () => {} }))],
  [
    'calls itself lost after a clear',
    /load after clear: expected null/,
    () => storeWith((right) => ({ load: () => right.load() ?? undefined })),
  ],
  [
    'resolves before it has saved',
    /loads the tokens that were saved/,
    () => storeWith((right) => ({ save: async (tokens) => void setTimeout(() => right.save(tokens)) })),
  ],
  [
    'cuts long tokens',
    /of 100 kB/,
    () =>
      storeWith((right) => ({
        save: (tokens) => right.save({ ...tokens, accessToken: tokens.accessToken.slice(0, 4_096) }),
      })),
  ],
  [
    'has one version for all tokens',
    /version: expected another one after a write/,
    () => storeWith(() => ({ version: () => 1 })),
  ],
  [
    'has another version at each look',
    /version: expected it to stay/,
    () => storeWith(() => ({ version: () => ({}) })),
  ],
  [
    'has a promise as its version',
    /version: expected a value, not a promise/,
    () => storeWith((right) => ({ version: async () => right.version?.() })),
  ],
  ['runs all works at once', /runs one work at a time/, () => storeWith(() => ({ exclusive: (work) => work }))],
  [
    'subscribes to a work before anyone wants it',
    /before a subscription/,
    () =>
      storeWith((right) => ({
        exclusive: (work) => {
          const shared = work.pipe(share());
          shared.subscribe({ error: () => {} });
          return right.exclusive?.(shared) ?? shared;
        },
      })),
  ],
  [
    'runs a work twice',
    /once for each subscription/,
    () =>
      storeWith((right) => ({
        exclusive: (work) => right.exclusive?.(work.pipe(finalize(() => work.subscribe({ error: () => {} })))) ?? work,
      })),
  ],
  [
    'turns the error of a work into its end',
    /the error of the work itself/,
    () =>
      storeWith((right) => ({
        exclusive: <T>(work: Observable<T>) =>
          new Observable<T>((subscriber) =>
            right.exclusive?.(work).subscribe({
              next: (value) => subscriber.next(value),
              error: () => subscriber.complete(),
              complete: () => subscriber.complete(),
            }),
          ),
      })),
  ],
  ['stays locked after an error', /when its work errors: the end of the work/, () => stuckAfter('error')],
  ['stays locked after an unsubscribe', /is unsubscribed: the end of the work/, () => stuckAfter('unsubscribe')],
  ['has two places', /what the other process has saved/, () => [memoryStore(), memoryStore()]],
  [
    'notifies nobody',
    /a hint of the save/,
    () => pairWith((right) => ({ changes$: EMPTY, version: undefined, load: () => right.load() })),
  ],
  [
    'has a lock for each process',
    /runs one work at a time/,
    () => {
      const locks = [memoryStore(), memoryStore()];
      return pairWith((_right, nth) => ({ exclusive: (work) => locks[nth]?.exclusive?.(work) ?? work }));
    },
  ],
];
