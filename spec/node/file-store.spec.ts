import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { createApi, createSession, type TokenStore, type Tokens } from 'renewal';
import { fileStore } from 'renewal/node';
import { fakeBackend } from 'renewal/testing';
import { firstValueFrom, Subject } from 'rxjs';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { type Entry, stringifyEntry } from '../../lib/node/entry';
import { OvertakenError, replaceFile } from '../../lib/node/token-file';
import { createTempDirs } from '../support/temp-dirs';

const dirs = createTempDirs();
afterAll(dirs.remove);
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const newPath = (): string => join(dirs.make(), 'session.json');
const modeOf = (path: string): number => fs.statSync(path).mode & 0o777;
const FIRST = '0aaaaaaaa.x';
const LATER = '0bbbbbbbb.y';
const TOKENS: Tokens = { accessToken: 'secret-access', refreshToken: 'secret-refresh', sessionId: FIRST, revision: 2 };
/** The tokens of a sign-in. */
const SIGN_IN: Tokens = { ...TOKENS, revision: 1 };

/** The warnings of a session over that store. */
const warningsOf = async (store: TokenStore): Promise<string[]> => {
  const session = createSession({ store, refresh: () => [] });
  const api = createApi({ baseUrl: 'https://backend.test', session });
  const warnings: string[] = [];
  api.events$.subscribe((event) => event.type === 'warning' && warnings.push(event.message));
  await firstValueFrom(session.accessToken$()).catch(() => {});
  session.destroy();
  return warnings;
};

describe('the file of fileStore', () => {
  it('is lost if it does not exist, and signed out if it was cleared', async () => {
    const store = fileStore({ path: newPath() });
    expect(await store.load()).toBeUndefined();
    await store.clear();
    expect(await store.load()).toBeNull();
  });

  it('is lost again a day after the sign-out', async () => {
    const store = fileStore({ path: newPath() });
    await store.save(TOKENS);
    await store.clear();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 86_400_000 });
    expect(await store.load()).toBeUndefined();
  });

  it('has mode 0600, also if it had another one', async () => {
    const path = newPath();
    fs.writeFileSync(path, '{}', { mode: 0o644 });
    await fileStore({ path }).save(TOKENS);
    expect(modeOf(path)).toBe(0o600);
    fs.chmodSync(path, 0o644);
    expect(await fileStore({ path }).load()).toEqual(TOKENS);
    expect(modeOf(path)).toBe(0o600);
  });

  it('has mode 0600 whatever the umask', async () => {
    const path = newPath();
    const before = process.umask(0o777);
    try {
      await fileStore({ path }).save(TOKENS);
    } finally {
      process.umask(before);
    }
    expect(modeOf(path)).toBe(0o600);
  });

  it('causes one warning if others could read it', async () => {
    const path = newPath();
    await fileStore({ path }).save(TOKENS);
    fs.chmodSync(path, 0o640);
    const warnings = await warningsOf(fileStore({ path }));
    expect(warnings).toEqual([expect.stringContaining('path: others could read the file')]);
    expect(await warningsOf(fileStore({ path }))).toEqual([]);
  });

  it('is refused in a directory that others can write to, unless that is sticky', async () => {
    const path = newPath();
    const store = fileStore({ path });
    await store.save(TOKENS);
    for (const mode of [0o777, 0o707]) {
      fs.chmodSync(dirname(path), mode);
      for (const call of [() => store.load(), () => store.save(TOKENS), () => store.clear()])
        await expect(call()).rejects.toThrow(/^path: expected a directory that only its owner can write to$/);
    }
    fs.chmodSync(dirname(path), 0o1777);
    expect(await store.load()).toEqual(TOKENS);
  });

  it.runIf(process.getuid?.() === 0)('is refused if another user could replace it, or has made it', async () => {
    const path = newPath();
    const store = fileStore({ path });
    await store.save(TOKENS);
    vi.spyOn(process, 'getuid').mockReturnValue(1_234);
    expect(await store.load()).toEqual(TOKENS);
    fs.chmodSync(dirname(path), 0o1777);
    await expect(store.load()).rejects.toThrow(/^path: expected a file of this user$/);
    fs.chmodSync(dirname(path), 0o755);
    fs.chownSync(dirname(path), 1_111, 1_111);
    await expect(store.load()).rejects.toThrow(/^path: expected a directory that only its owner can write to$/);
  });

  it('rejects what it has not written, without quoting it, and is replaced by a save', async () => {
    const path = newPath();
    fs.writeFileSync(path, 'secret', { mode: 0o600 });
    const store = fileStore({ path });
    const error = await Promise.resolve(store.load()).catch((thrown: unknown) => thrown);
    expect(inspect(error)).not.toContain('secret');
    expect(error).toMatchObject({ message: 'path: expected a file that fileStore has written' });
    await store.save(TOKENS);
    expect(await store.load()).toEqual(TOKENS);
  });

  it('is not replaced if a later version has written it', async () => {
    const path = newPath();
    fs.writeFileSync(path, '{"version":2}', { mode: 0o600 });
    await expect(fileStore({ path }).save(TOKENS)).rejects.toThrow(/this version of fileStore/);
    expect(fs.readFileSync(path, 'utf8')).toBe('{"version":2}');
  });

  it('leaves no other file behind, and removes those of processes that were killed', async () => {
    const path = newPath();
    const leftover = `${path}.0123456789abcdef.tmp`;
    const guard = `${path}.lock.0123456789abcdef`;
    const others = [`${path}.bak`, `${path}.notes.tmp`];
    for (const each of [leftover, guard, ...others]) fs.writeFileSync(each, '');
    fs.utimesSync(guard, 1, 1);
    await fileStore({ path }).save(TOKENS);
    expect(fs.readdirSync(dirname(path)).sort()).toEqual([
      'session.json',
      'session.json.bak',
      'session.json.notes.tmp',
    ]);
  });

  it('is no directory: that keeps its mode, and is not replaced', async () => {
    const path = newPath();
    fs.mkdirSync(path, { mode: 0o755 });
    const store = fileStore({ path });
    await expect(store.load()).rejects.toThrow(/^path: expected a file$/);
    await expect(store.save(TOKENS)).rejects.toThrow(/^path: expected a file$/);
    expect(modeOf(path)).toBe(0o755);
    expect(fs.readdirSync(dirname(path))).toEqual(['session.json']);
    expect(await warningsOf(store)).toEqual(['load: FileStoreError no-file']);
  });

  it.runIf(process.platform !== 'win32')('is no pipe: nobody waits for its writer', async () => {
    const path = newPath();
    spawnSync('mkfifo', ['-m', '644', path]);
    const load = Promise.resolve(fileStore({ path }).load());
    const timeout = new Promise((resolve) => setTimeout(resolve, 2_000, 'hangs'));
    const outcome = await Promise.race([load.catch(({ message }: Error) => message), timeout]);
    // Ends an open that waits.
    fs.closeSync(fs.openSync(path, fs.constants.O_RDWR));
    expect(outcome).toBe('path: expected a file');
    expect(modeOf(path)).toBe(0o644);
  });

  it('is the one that a symbolic link names, relative to the link, and the link stays', async () => {
    const path = newPath();
    const link = join(dirs.make(), 'link.json');
    fs.symlinkSync(dirname(path), `${link}.d`);
    fs.symlinkSync(join('link.json.d', basename(path)), link);
    const [linked, direct] = [fileStore({ path: link }), fileStore({ path })];
    await linked.save(SIGN_IN);
    await linked.save(TOKENS);
    expect(await direct.load()).toEqual(TOKENS);
    expect(fs.readdirSync(dirname(link))).toEqual(['link.json', 'link.json.d']);
    expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
  });

  it('is a failing store at a link to itself', async () => {
    const path = newPath();
    fs.symlinkSync(path, path);
    await expect(fileStore({ path }).load()).rejects.toThrow(/ELOOP/);
  });

  it('is at the path that the process had at first', async () => {
    const path = newPath();
    const before = process.cwd();
    process.chdir(dirname(path));
    const store = fileStore({ path: 'session.json' });
    process.chdir(before);
    await store.save(TOKENS);
    expect(fs.existsSync(path)).toBe(true);
  });

  it.each<[string, Record<string, unknown>]>([
    ['path', {}],
    ['path', { path: '' }],
    ['path', { path: 'a\0b' }],
    ['lockTimeoutMs', { path: 'a', lockTimeoutMs: -1 }],
    ['lockTimeoutMs', { path: 'a', lockTimeoutMs: Number.NaN }],
    ['lockTimeoutMs', { path: 'a', lockTimeoutMs: '5' }],
  ])('is named by a TypeError for a wrong %s', (name, options) => {
    expect(() => fileStore(options as never)).toThrow(new RegExp(`^${name}: expected`));
    expect(() => fileStore(options as never)).toThrow(TypeError);
  });
});

describe('a save of fileStore that was overtaken', () => {
  it.each<[string, (store: TokenStore) => unknown, Tokens | null]>([
    ['a higher revision', (store) => store.save({ ...TOKENS, revision: 3 }), { ...TOKENS, revision: 3 }],
    ['a later sign-in', (store) => store.save({ ...TOKENS, sessionId: LATER }), { ...TOKENS, sessionId: LATER }],
    ['a sign-out', (store) => store.clear(), null],
  ])('by %s changes nothing, and is a hint', async (_name, write, expected) => {
    const path = newPath();
    const [store, other] = [fileStore({ path }), fileStore({ path })];
    await store.save(TOKENS);
    await write(other);
    const hints: unknown[] = [];
    const subscription = store.changes$?.subscribe((hint) => hints.push(hint));
    await vi.waitFor(() => expect(hints).toHaveLength(1));
    await store.save({ ...TOKENS, accessToken: 'late' });
    await vi.waitFor(() => expect(hints).toEqual([expected, expected]));
    subscription?.unsubscribe();
    expect(await store.load()).toEqual(expected);
  });

  it.each<[string, (store: TokenStore) => unknown, Tokens | null]>([
    ['a later sign-in', (store) => store.save({ ...SIGN_IN, sessionId: LATER }), { ...SIGN_IN, sessionId: LATER }],
    ['its sign-out', (store) => store.clear(), null],
  ])('keeps a sign-in out that is written again after %s', async (_name, write, expected) => {
    const path = newPath();
    const [store, other] = [fileStore({ path }), fileStore({ path })];
    await store.save(SIGN_IN);
    await other.load();
    await write(other);
    await store.save(SIGN_IN);
    expect(await other.load()).toEqual(expected);
  });

  it('by a sign-out of before lets a sign-in pass whose first write has failed', async () => {
    const path = newPath();
    const [store, other] = [fileStore({ path }), fileStore({ path })];
    await other.save(TOKENS);
    vi.spyOn(fs.promises, 'rename').mockRejectedValueOnce(Object.assign(new Error('disk'), { code: 'EIO' }));
    await expect(store.save({ ...SIGN_IN, sessionId: LATER })).rejects.toThrow();
    await other.clear();
    await store.save({ ...SIGN_IN, sessionId: LATER });
    expect(await other.load()).toEqual({ ...SIGN_IN, sessionId: LATER });
  });

  it('in the middle, as its process was stopped, changes nothing', async () => {
    const path = newPath();
    const store = fileStore({ path });
    await store.save(TOKENS);
    const overtake = (): Entry => {
      // As another process does that takes the lock over: between the read and the rename of this one.
      for (const name of fs.readdirSync(dirname(path)))
        if (name.endsWith('.tmp')) fs.unlinkSync(join(dirname(path), name));
      fs.writeFileSync(path, stringifyEntry({ tokens: { ...TOKENS, revision: 4 } }));
      return { tokens: { ...TOKENS, revision: 3 } };
    };
    await expect(replaceFile(path, overtake, async () => true)).rejects.toThrow(OvertakenError);
    expect(await store.load()).toMatchObject({ revision: 4 });
    const decide = vi.fn();
    await expect(replaceFile(path, decide, async () => false)).rejects.toThrow(OvertakenError);
    expect(decide).not.toHaveBeenCalled();
    expect(fs.readdirSync(dirname(path))).toEqual(['session.json']);
  });

  it('in the middle begins again, and then finds the newer tokens', async () => {
    const path = newPath();
    const store = fileStore({ path });
    await store.save(TOKENS);
    const newer = { ...TOKENS, revision: 4 };
    const { rename } = fs.promises;
    const renames = vi.spyOn(fs.promises, 'rename').mockImplementationOnce(async (from, to) => {
      fs.unlinkSync(from);
      fs.writeFileSync(path, stringifyEntry({ tokens: newer }));
      await rename(from, to);
    });
    await store.save({ ...TOKENS, revision: 3 });
    expect(renames).toHaveBeenCalledTimes(1);
    expect(await store.load()).toEqual(newer);
  });

  it('by a sign-out of another process ends the session, though its refresh succeeds', async () => {
    const path = newPath();
    const [store, other] = [fileStore({ path }), fileStore({ path })];
    const grant = new Subject<{ accessToken: string }>();
    const session = createSession({ store, refresh: () => grant });
    await session.signIn({ accessToken: 'A', refreshToken: 'R' });
    const refreshed = firstValueFrom(session.refresh$()).catch(() => {});
    await vi.waitFor(() => expect(grant.observed).toBe(true));
    await other.clear();
    grant.next({ accessToken: 'late' });
    await refreshed;
    await vi.waitFor(() => expect(session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' }));
    expect(await other.load()).toBeNull();
    session.destroy();
  });
});

/** Counts the calls of all functions of `node:fs` and `node:fs/promises`, by name. */
const countAccesses = () => {
  const calls: string[] = [];
  const targets = [fs, fs.promises] as unknown as Record<string, unknown>[];
  const restores: (() => void)[] = [];
  for (const target of targets)
    for (const [name, original] of Object.entries(target))
      if (typeof original === 'function' && /^[a-z]/.test(name)) {
        target[name] = (...args: unknown[]) => {
          calls.push(name);
          return original.apply(target, args);
        };
        restores.push(() => {
          target[name] = original;
        });
      }
  syncBuiltinESMExports();
  const restore = (): void => {
    for (const each of restores) each();
    syncBuiltinESMExports();
  };
  return { calls, restore };
};

describe('a session over fileStore', () => {
  const backendOf = () => fakeBackend({ routes: { '/orders': () => 'orders' } });
  const clientOf = (store: TokenStore, backend: ReturnType<typeof fakeBackend>) => {
    const session = createSession({ store, refresh: backend.refresh });
    const api = createApi({ baseUrl: 'https://backend.test', session, transport: backend.transport });
    const warnings: string[] = [];
    api.events$.subscribe((event) => event.type === 'warning' && warnings.push(event.message));
    return { session, warnings, get: () => firstValueFrom(api.get$('/orders')) };
  };

  it('has no part of a token in names, locks, errors, or what inspect shows', async () => {
    const path = newPath();
    const store = fileStore({ path });
    await store.save(TOKENS);
    const end = new Subject<never>();
    const work = store.exclusive?.(end).subscribe({ error: () => {} });
    await vi.waitFor(() => expect(fs.existsSync(`${path}.lock`)).toBe(true));
    const names = fs.readdirSync(dirname(path));
    const texts = names
      .filter((name) => name !== 'session.json')
      .map((name) => fs.readFileSync(join(dirname(path), name), 'utf8'));
    expect(texts).toHaveLength(1);
    fs.chmodSync(dirname(path), 0o777);
    const error = await Promise.resolve(store.save(TOKENS)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'FileStoreError open-directory' });
    expect([names, texts, inspect(error), inspect(store, { depth: 9, showHidden: true })].join()).not.toContain(
      'secret',
    );
    work?.unsubscribe();
  });

  it('accesses no file for a request with a live token', async () => {
    const backend = backendOf();
    const { session, get } = clientOf(fileStore({ path: newPath() }), backend);
    await session.signIn(backend.issue());
    await get();
    const { calls, restore } = countAccesses();
    for (let nth = 0; nth < 100; nth++) await get();
    expect(calls).toEqual([]);
    // The count itself is right: a refresh is counted.
    backend.expireTokens();
    await get();
    expect(calls).toEqual(expect.arrayContaining(['open', 'rename', 'unlink']));
    restore();
    session.destroy();
  });

  it('writes its tokens again if the file was deleted', async () => {
    const path = newPath();
    const backend = backendOf();
    const { session, warnings, get } = clientOf(fileStore({ path }), backend);
    await session.signIn(backend.issue());
    fs.unlinkSync(path);
    await vi.waitFor(() => expect(fs.existsSync(path)).toBe(true));
    backend.expireTokens();
    await get();
    expect([session.state.status, warnings]).toEqual(['active', []]);
    session.destroy();
  });

  it('follows the sign-in and the sign-out of another process', async () => {
    const path = newPath();
    const backend = backendOf();
    const [one, other] = [clientOf(fileStore({ path }), backend), clientOf(fileStore({ path }), backend)];
    await one.session.signIn(backend.issue('ada'));
    await other.get();
    await one.session.signIn(backend.issue('grace'));
    await vi.waitFor(() => expect(other.session.state).toMatchObject({ tokens: { accessToken: expect.anything() } }));
    await one.session.signOut();
    await vi.waitFor(() => expect(other.session.state).toMatchObject({ status: 'signed-out', reason: 'sign-out' }));
    one.session.destroy();
    other.session.destroy();
  });

  /** Refreshes twice while the store is broken: requests settle from memory, and warnings say so. */
  const settlesFromMemory = async (
    path: string,
    reason: string,
    breakStore: () => void,
    mend = () => {},
  ): Promise<void> => {
    const backend = backendOf();
    const { session, warnings, get } = clientOf(fileStore({ path }), backend);
    await session.signIn(backend.issue());
    breakStore();
    for (let nth = 1; nth <= 2; nth++) {
      backend.expireTokens();
      expect(await get()).toBe('orders');
    }
    expect(backend.refreshes).toBe(2);
    expect(warnings).toEqual(expect.arrayContaining([`write: FileStoreError ${reason}`]));
    expect(warnings.join()).not.toMatch(/secret/);
    mend();
    backend.expireTokens();
    expect(await get()).toBe('orders');
    session.destroy();
  };

  it('settles from memory if the directory was removed', async () => {
    const path = newPath();
    await settlesFromMemory(path, 'ENOENT', () => fs.rmSync(dirname(path), { recursive: true }));
  });

  it('heals when the directory is back', async () => {
    const path = newPath();
    await settlesFromMemory(
      path,
      'ENOENT',
      () => fs.rmSync(dirname(path), { recursive: true }),
      () => fs.mkdirSync(dirname(path), { mode: 0o700 }),
    );
    expect(fs.existsSync(path)).toBe(true);
  });

  it.each(['EROFS', 'ENOSPC', 'EDQUOT', 'EIO'])('settles from memory while no file can be made: %s', async (code) => {
    const { open } = fs.promises;
    const breakStore = (): void => {
      vi.spyOn(fs.promises, 'open').mockImplementation(async (path, flags, mode) => {
        if (flags === 'wx') throw Object.assign(new Error(code), { code });
        return open(path, flags, mode);
      });
    };
    await settlesFromMemory(newPath(), code, breakStore, () => vi.restoreAllMocks());
  });

  it('settles from memory in a directory that is read-only', async (context) => {
    const directory = dirs.makeSmall(256);
    if (!directory) return context.skip('only root can mount');
    const path = join(directory, 'session.json');
    await settlesFromMemory(
      path,
      'EROFS',
      () => dirs.setReadOnly(directory, true),
      () => dirs.setReadOnly(directory, false),
    );
    expect(await fileStore({ path }).load()).toMatchObject({ revision: 4 });
  });

  it('settles from memory on a full disk, and leaves no spent token there', async (context) => {
    const directory = dirs.makeSmall(64);
    if (!directory) return context.skip('only root can mount');
    const path = join(directory, 'session.json');
    const filler = join(directory, 'filler');
    const backend = backendOf();
    const { session, get } = clientOf(fileStore({ path }), backend);
    await session.signIn({ ...backend.issue(), extras: { text: 'x'.repeat(20_000) } });
    const fill = (): void => {
      try {
        for (;;) fs.appendFileSync(filler, 'x'.repeat(1_024));
      } catch {
        // Now it is full.
      }
    };
    fill();
    backend.expireTokens();
    expect(await get()).toBe('orders');
    // The spent tokens made room for the new ones.
    const store = fileStore({ path });
    expect(await store.load()).toMatchObject({ revision: 2 });
    session.destroy();
    fill();
    const text = 'x'.repeat(60_000);
    const saved = store.save({ accessToken: 'A', sessionId: LATER, revision: 1, extras: { text } });
    await expect(saved).rejects.toMatchObject({ name: 'FileStoreError ENOSPC' });
    expect(fs.existsSync(path)).toBe(false);
  });
});
