import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createSession, type Session, type SessionOptions, type TokenStore, type Tokens } from 'renewal';
import { Subject } from 'rxjs';
import { expect, it } from 'vitest';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

const KB = 1_000;

const heapUsed = (): number => {
  for (let nth = 0; nth < 3; nth++) gc();
  return process.memoryUsage().heapUsed;
};

/** One flat string of its own, as of a response. */
const text = (length: number): string => Buffer.alloc(length, 'x').toString('latin1');

/** Bytes for each of `count` sessions that have signed in, with all that they refer to. */
const bytesPerSession = async (
  count: number,
  tokenLength: number,
  optionsOf: () => Partial<SessionOptions>,
): Promise<number> => {
  const refresh = () => [];
  const sessions: Session[] = [];
  const add = async (): Promise<void> => {
    const session = createSession({ refresh, ...optionsOf() });
    await session.signIn({ accessToken: text(tokenLength), refreshToken: text(100) });
    sessions.push(session);
  };
  for (let nth = 0; nth < 20; nth++) await add();
  const before = heapUsed();
  for (let nth = 0; nth < count; nth++) await add();
  const bytes = (heapUsed() - before) / count;
  for (const session of sessions) session.destroy();
  return bytes;
};

it('a session takes at most 9 kB, with tokens of 0.9 kB in memory', async () => {
  expect(await bytesPerSession(1_000, 800, () => ({}))).toBeLessThan(9 * KB);
});

/** A store that returns copies, as one that parses an entry, and hints at each write. */
const createCopyingStore = (length: number): TokenStore => {
  let saved: Omit<Tokens, 'accessToken'> | null = null;
  const changes = new Subject<null>();
  return {
    load: () => saved && { ...saved, accessToken: text(length) },
    save: ({ accessToken: _, ...others }) => {
      saved = others;
      queueMicrotask(() => changes.next(null));
    },
    clear: () => {
      saved = null;
    },
    changes$: changes,
  };
};

it('a session that reads the tokens that it has keeps them once', async () => {
  const length = 100 * KB;
  const bytes = await bytesPerSession(100, length, () => ({ store: createCopyingStore(length) }));
  expect(bytes).toBeGreaterThan(length);
  expect(bytes).toBeLessThan(1.5 * length);
});
