import { setImmediate } from 'node:timers/promises';
import type { TokenStore, Tokens } from 'renewal';
import { describe, expect, it, vi } from 'vitest';
import { createSessionId, digestOf } from '../../../lib/session/state/session-id';
import { QueuedStorage } from '../../../lib/session/store/token-storage';
import { createDefaultStore } from '../../../lib/session/store/token-store';
import { stopClock } from '../../support/clock';

const EARLIER = createSessionId(1);
const ID = createSessionId(2);
const LATER = createSessionId(3);

const tokens = (revision: number, sessionId = ID): Tokens => ({
  accessToken: `T${revision}`,
  refreshToken: `R${revision}`,
  sessionId,
  revision,
});

/** Tokens of a writer that has no session ids. */
const foreign = (number: number) => ({ accessToken: `F${number}`, refreshToken: `G${number}`, sessionId: '' });

const failing = (): never => {
  throw new Error('full');
};

/** The storage over a store that tests may write to, with its warnings and the external changes that it applies. */
const createStorage = (store: Partial<TokenStore> = {}) => {
  const backing = createDefaultStore();
  const warnings: string[] = [];
  const applied: unknown[] = [];
  const storage = new QueuedStorage(
    { ...backing, ...store },
    (what, error) => {
      warnings.push(`${what}: ${error === undefined ? 'no answer' : Object(error).message}`);
      return undefined;
    },
    (external) => applied.push(external),
  );
  const read = (): unknown[] => {
    const seen: unknown[] = [];
    storage.read().subscribe((each) => seen.push(each));
    return seen;
  };
  return { storage, backing, warnings, applied, read };
};

describe('a read of the store', () => {
  it('emits undefined if the store is empty', () => {
    expect(createStorage().read()).toEqual([undefined]);
  });

  it('emits tokens with precedence, until the session has adopted them', () => {
    const { storage, backing, read } = createStorage();
    backing.save(tokens(1));
    expect(read()).toEqual([tokens(1)]);
    expect(read()).toEqual([tokens(1)]);
    storage.take(tokens(1));
    expect(read()).toEqual([undefined]);
    backing.save(tokens(2));
    expect(read()).toEqual([tokens(2)]);
    backing.save(tokens(1, LATER));
    expect(read()).toEqual([tokens(1, LATER)]);
  });

  it('writes the tokens of the session again over tokens without precedence', () => {
    const { storage, backing, read } = createStorage();
    storage.write(tokens(2));
    for (const older of [tokens(1), tokens(9, EARLIER)]) {
      backing.save(older);
      expect(read()).toEqual([undefined]);
      expect(backing.load()).toEqual(tokens(2));
    }
  });

  it('emits null, a sign-out, if the store has lost tokens of the session', () => {
    const { storage, backing, read } = createStorage();
    storage.write(tokens(1));
    backing.clear();
    expect(read()).toEqual([null]);
    const other = createStorage();
    other.backing.save(tokens(1));
    other.read();
    other.storage.take(tokens(1));
    other.backing.clear();
    expect(other.read()).toEqual([null]);
  });

  it('emits no sign-out once the session is over', () => {
    const { storage, backing, read } = createStorage();
    storage.write(tokens(1));
    backing.clear();
    storage.end('sign-out');
    expect(read()).toEqual([undefined]);
  });

  it('emits no sign-out if the write of the session has failed', () => {
    const { storage, read } = createStorage({ save: failing });
    storage.write(tokens(1));
    expect(read()).toEqual([undefined]);
  });

  it('clears the store again if it holds tokens of a session that was signed out', () => {
    const { storage, backing, read } = createStorage();
    storage.write(tokens(1));
    storage.write('sign-out');
    backing.save(tokens(2));
    expect(read()).toEqual([undefined]);
    expect(backing.load()).toBeNull();
  });

  it('adopts no tokens signed out before the first read, even if clear failed', () => {
    let isBroken = true;
    const { storage, backing, read } = createStorage({ clear: () => (isBroken ? failing() : backing.clear()) });
    backing.save(tokens(1));
    storage.write('sign-out');
    expect(read()).toEqual([undefined]);
    expect(backing.load()).toEqual(tokens(1));
    isBroken = false;
    expect(read()).toEqual([undefined]);
    expect(backing.load()).toBeNull();
    backing.save(tokens(1, LATER));
    expect(read()).toEqual([tokens(1, LATER)]);
  });

  it('emits an external sign-in after a sign-out whose clear failed', () => {
    const { storage, backing, read } = createStorage({ clear: failing });
    backing.save(tokens(1));
    storage.write('sign-out');
    read();
    backing.save(tokens(2, LATER));
    expect(read()).toEqual([tokens(2, LATER)]);
  });

  it('emits newer tokens after a refusal, and clears the refused tokens', () => {
    const { storage, backing, read } = createStorage();
    storage.write(tokens(1));
    storage.write('refused');
    backing.save(tokens(1));
    expect(read()).toEqual([undefined]);
    expect(backing.load()).toBeNull();
    backing.save(tokens(2));
    expect(read()).toEqual([tokens(2)]);
  });

  it('writes the tokens of the session again if the store has lost them', () => {
    const saved: unknown[] = [];
    const { storage, read } = createStorage({ load: () => undefined, save: (each) => void saved.push(each) });
    expect(read()).toEqual([undefined]);
    storage.take(tokens(1));
    expect(read()).toEqual([undefined]);
    expect(saved).toEqual([tokens(1)]);
  });

  it('stops writing after 10 times if the store keeps returning older tokens', () => {
    const saved: unknown[] = [];
    const { storage, read } = createStorage({ load: () => tokens(1), save: (each) => void saved.push(each) });
    storage.write(tokens(2));
    for (let time = 0; time < 100; time++) read();
    expect(saved).toHaveLength(11);
    storage.write(tokens(3));
    read();
    expect(saved.slice(11)).toEqual([tokens(3), tokens(3)]);
  });

  it('ignores replaced tokens of a store that writes nothing and has no ids', () => {
    const { storage, read } = createStorage({ load: () => foreign(1), save: () => {} });
    storage.take({ ...foreign(1), sessionId: digestOf('F1') });
    for (let revision = 1; revision < 30; revision++) {
      expect(read()).toEqual([undefined]);
      storage.write(tokens(revision, digestOf('F1')));
    }
  });

  it('gives tokens without a session id the digest of the access token', () => {
    const { storage, backing, read } = createStorage();
    backing.save(foreign(1));
    expect(read()).toEqual([{ ...foreign(1), sessionId: digestOf('F1') }]);
    storage.take({ ...foreign(1), sessionId: digestOf('F1') });
    expect(read()).toEqual([undefined]);
    backing.save(foreign(2));
    expect(read()).toEqual([{ ...foreign(2), sessionId: digestOf('F2') }]);
  });

  it.each([
    ['has been read', true],
    ['has not been read', false],
  ])('ignores tokens that a failed sign-in was to replace, if the store %s', (_, isRead) => {
    const { storage, backing, read } = createStorage({ save: failing });
    backing.save(foreign(1));
    if (isRead) read();
    storage.write(tokens(1));
    expect(read()).toEqual([undefined]);
    expect(read()).toEqual([undefined]);
    backing.save(foreign(2));
    expect(read()).toMatchObject([{ accessToken: 'F2' }]);
  });

  it('ignores tokens that the write before a failed write has left', async () => {
    const ends: ((isDone: boolean) => void)[] = [];
    const { storage, backing, read } = createStorage({
      save: () =>
        new Promise((resolve, reject) => ends.push((isDone) => (isDone ? resolve() : reject(new Error('full'))))),
    });
    read();
    storage.write(tokens(1));
    storage.write(tokens(1, LATER));
    ends[0]?.(true);
    await setImmediate();
    // The store keeps the tokens of the first write without their id.
    backing.save({ accessToken: 'T1', refreshToken: 'R1', sessionId: '' });
    ends[1]?.(false);
    await setImmediate();
    storage.write({ ...tokens(2, LATER), accessToken: 'T9' });
    ends[2]?.(false);
    await setImmediate();
    expect(read()).toEqual([undefined]);
  });

  it('ignores its own sign-in whose write was done although it reported a failure', () => {
    const { storage, backing, read } = createStorage({
      save: ({ accessToken, refreshToken = '' }) => {
        // The store keeps no session id, and does not keep the second sign-in.
        if (accessToken === 'T1') backing.save({ accessToken, refreshToken, sessionId: '' });
        failing();
      },
    });
    read();
    storage.write(tokens(1));
    storage.write({ ...tokens(1, LATER), accessToken: 'T9' });
    expect(read()).toEqual([undefined]);
  });

  it('ignores tokens that several failed writes were to replace', () => {
    const { storage, backing, read } = createStorage({ save: failing });
    backing.save({ ...foreign(1), sessionId: ID });
    read();
    for (const revision of [1, 2, 3]) storage.write(tokens(revision));
    expect(read()).toEqual([undefined]);
  });

  it('emits undefined and warns if the store throws or returns malformed tokens', () => {
    let load = (): Tokens => ({ accessToken: '', sessionId: '' });
    const { read, warnings } = createStorage({ load: () => load() });
    expect(read()).toEqual([undefined]);
    load = failing;
    expect(read()).toEqual([undefined]);
    expect(warnings).toEqual(['load: tokens: expected a string of printable ASCII', 'load: full']);
    load = () => tokens(1);
    expect(read()).toEqual([tokens(1)]);
  });

  it('emits a refresh token alone, or a session elsewhere, as expired tokens', () => {
    const { backing, read } = createStorage();
    backing.save({ accessToken: '', refreshToken: 'R1', sessionId: ID, revision: 1 });
    expect(read()).toEqual([{ accessToken: '', refreshToken: 'R1', sessionId: ID, revision: 1, expiresAtMs: 1 }]);
    backing.save({ accessToken: '', sessionId: LATER });
    expect(read()).toEqual([{ accessToken: '', sessionId: LATER, expiresAtMs: 1 }]);
  });

  it('emits and writes nothing once the storage is closed', () => {
    const { storage, backing, read } = createStorage();
    storage.write(tokens(2));
    storage.close();
    backing.save(tokens(1));
    expect(read()).toEqual([undefined]);
    expect(backing.load()).toEqual(tokens(1));
  });
});

describe('a read of an asynchronous store', () => {
  const createSlow = (store: Partial<TokenStore> = {}) => {
    const loads: ((found: Tokens | null) => void)[] = [];
    const load = () => new Promise<Tokens | null>((resolve) => loads.push(resolve));
    return { ...createStorage({ load, ...store }), loads };
  };

  it('calls load again even if an earlier load has not finished', async () => {
    const { read, loads } = createSlow();
    const [first, second] = [read(), read()];
    expect(loads).toHaveLength(2);
    loads[1]?.(tokens(1));
    await setImmediate();
    expect([first, second]).toEqual([[], [tokens(1)]]);
  });

  it('emits undefined if a later read has finished before it', async () => {
    const { storage, read, loads } = createSlow();
    const first = read();
    read();
    loads[1]?.(tokens(2));
    await setImmediate();
    storage.take(tokens(2));
    loads[0]?.(null);
    await setImmediate();
    expect(first).toEqual([undefined]);
  });

  it('is repeated, once, if a write begins before it ends', async () => {
    const { storage, read, loads } = createSlow();
    const seen = read();
    storage.write(tokens(2));
    loads[0]?.(null);
    await setImmediate();
    expect(seen).toEqual([]);
    storage.write(tokens(3));
    loads[1]?.(tokens(4));
    await setImmediate();
    expect(seen).toEqual([undefined]);
    expect(loads).toHaveLength(2);
  });

  it('begins after the write that is under way', async () => {
    const ends: (() => void)[] = [];
    const { storage, read, loads } = createSlow({ save: () => new Promise((resolve) => ends.push(resolve)) });
    storage.write(tokens(1));
    const seen = read();
    expect(loads).toHaveLength(0);
    ends[0]?.();
    await setImmediate();
    loads[0]?.(tokens(2));
    await setImmediate();
    expect(seen).toEqual([tokens(2)]);
  });

  it('times out after 5 s; later reads do not wait until one has finished', async () => {
    stopClock();
    const { storage, warnings, loads } = createSlow();
    const seen: unknown[] = [];
    const ask = () => storage.withTimeout(storage.read()).subscribe((each) => seen.push(each));
    ask();
    await vi.advanceTimersByTimeAsync(4_999);
    expect([seen, warnings]).toEqual([[], []]);
    await vi.advanceTimersByTimeAsync(1);
    expect([seen, warnings]).toEqual([[undefined], ['load: no answer']]);
    ask();
    expect(seen).toHaveLength(2);
    loads[1]?.(tokens(1));
    await vi.advanceTimersByTimeAsync(0);
    ask();
    expect(seen).toHaveLength(2);
    loads[2]?.(tokens(1));
    await vi.advanceTimersByTimeAsync(0);
    expect(seen[2]).toEqual(tokens(1));
  });

  it.each([
    ['is applied if it ends late and has no subscriber', false],
    ['is left to its subscriber if it ends late and has one', true],
  ])('%s', async (_, isWaitedFor) => {
    stopClock();
    const { storage, applied, loads } = createSlow();
    const seen: unknown[] = [];
    const external$ = storage.read();
    storage.withTimeout(external$).subscribe();
    if (isWaitedFor) external$.subscribe((each) => seen.push(each));
    await vi.advanceTimersByTimeAsync(5_000);
    loads[0]?.(tokens(1));
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toEqual(isWaitedFor ? [tokens(1)] : []);
    expect(applied).toEqual(isWaitedFor ? [] : [tokens(1)]);
  });
});

describe('the version of a store', () => {
  it('shows whether the store has changed since the last read or write', () => {
    let version = 1;
    const { storage, read } = createStorage({ version: () => version });
    expect(storage.isSeen()).toBe(false);
    read();
    expect(storage.isSeen()).toBe(true);
    version = 2;
    expect(storage.isSeen()).toBe(false);
    storage.write(tokens(1));
    expect(storage.isSeen()).toBe(true);
  });

  it('counts as unseen 1 s after a read that failed', () => {
    stopClock();
    let isBroken = true;
    const { storage, read } = createStorage({
      version: () => 1,
      load: () => (isBroken ? failing() : tokens(1)),
    });
    read();
    expect(storage.isSeen()).toBe(true);
    vi.advanceTimersByTime(1_000);
    expect(storage.isSeen()).toBe(false);
    isBroken = false;
    read();
    vi.advanceTimersByTime(10_000);
    expect(storage.isSeen()).toBe(true);
  });

  it('counts as seen if the store has none, or it throws', () => {
    expect(createStorage().storage.isSeen()).toBe(true);
    expect(createStorage({ version: failing }).storage.isSeen()).toBe(true);
  });

  it('counts as unseen if others have written during a read, and emptied the store', async () => {
    const { storage, backing, read } = createStorage({
      version: () => backing.load(),
      load: () => Promise.resolve().then(() => backing.load()),
    });
    read();
    backing.save(tokens(1));
    await setImmediate();
    backing.clear();
    expect(storage.isSeen()).toBe(false);
  });

  it('counts as unseen after an asynchronous write, which others may have followed', async () => {
    const { storage, read } = createStorage({ version: () => 1, save: () => Promise.resolve() });
    read();
    storage.write(tokens(1));
    await setImmediate();
    expect(storage.isSeen()).toBe(false);
    read();
    expect(storage.isSeen()).toBe(true);
  });
});

describe('writes to the store', () => {
  it('begin at once, without a subscriber, and never overlap', async () => {
    const log: string[] = [];
    const ends: (() => void)[] = [];
    const { storage } = createStorage({
      save: ({ accessToken }) => {
        log.push(accessToken);
        return new Promise((resolve) => ends.push(resolve));
      },
      clear: () => {
        log.push('-');
      },
    });
    storage.write(tokens(1));
    storage.write(tokens(2));
    storage.write('sign-out');
    expect(log).toEqual(['T1']);
    ends[0]?.();
    await setImmediate();
    expect(log).toEqual(['T1', 'T2']);
    ends[1]?.();
    await setImmediate();
    expect(log).toEqual(['T1', 'T2', '-']);
  });

  it('emit and complete when they are done', () => {
    const { storage } = createStorage();
    const done: string[] = [];
    storage.write(tokens(1)).subscribe({ next: () => done.push('next'), complete: () => done.push('complete') });
    expect(done).toEqual(['next', 'complete']);
  });

  it('warn if they throw, and do not stop the next write', () => {
    const { storage, backing, warnings } = createStorage({ save: failing });
    let isDone = false;
    storage.write(tokens(1)).subscribe(() => {
      isDone = true;
    });
    expect(isDone).toBe(true);
    expect(warnings).toEqual(['write: full']);
    backing.save(tokens(2));
    storage.write('sign-out');
    expect(backing.load()).toBeNull();
  });

  it('are given up after 5 s, and then delay no later write', async () => {
    stopClock();
    const cleared = vi.fn();
    const { storage, warnings } = createStorage({ save: () => new Promise(() => {}), clear: cleared });
    let isDone = false;
    storage.write(tokens(1)).subscribe(() => {
      isDone = true;
    });
    storage.write('sign-out');
    await vi.advanceTimersByTimeAsync(4_999);
    expect([isDone, warnings]).toEqual([false, []]);
    expect(cleared).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect([isDone, warnings]).toEqual([true, ['write: no answer']]);
    expect(cleared).toHaveBeenCalledTimes(1);
  });

  it.each<[string, Tokens | 'sign-out', Tokens | null]>([
    ['a clear over a sign-in', tokens(1, LATER), tokens(1, LATER)],
    ['older tokens over newer ones', tokens(2), tokens(2)],
    ['tokens of a session that is over', 'sign-out', null],
  ])('are written over if they end after they were given up: %s', async (what, next, stored) => {
    stopClock();
    let end = (): void => {};
    let isHanging = true;
    const slowly = (write: () => void) => {
      if (!isHanging) return write();
      isHanging = false;
      return new Promise<void>((resolve) => {
        end = () => {
          write();
          resolve();
        };
      });
    };
    const backing = createDefaultStore();
    const { storage } = createStorage({
      load: backing.load,
      save: (saved) => slowly(() => void backing.save(saved)),
      clear: () => slowly(() => void backing.clear()),
    });
    storage.write(what.startsWith('a clear') ? 'sign-out' : tokens(1));
    await vi.advanceTimersByTimeAsync(5_000);
    storage.write(next);
    expect(backing.load()).toEqual(stored);
    end();
    await vi.advanceTimersByTimeAsync(0);
    storage.read();
    expect(backing.load()).toEqual(stored);
  });

  it('are known if they end late, even if the read after them fails', async () => {
    stopClock();
    let isFailing = false;
    const ends: (() => void)[] = [];
    const backing = createDefaultStore();
    const { storage, read } = createStorage({
      load: () => (isFailing ? failing() : backing.load()),
      save: (saved) => (saved.revision === 2 ? void backing.save(saved) : new Promise((resolve) => ends.push(resolve))),
    });
    storage.write(tokens(1, EARLIER));
    await vi.advanceTimersByTimeAsync(5_000);
    storage.write(tokens(2));
    isFailing = true;
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    isFailing = false;
    backing.save({ accessToken: 'T1', refreshToken: 'R1', sessionId: '' });
    expect(read()).toEqual([undefined]);
    expect(backing.load()).toEqual(tokens(2));
  });

  it('are no external sign-in after they were given up, however many there are', async () => {
    stopClock();
    const ends: (() => void)[] = [];
    const { storage, backing, read } = createStorage({
      save: (saved) => (saved.revision === 3 ? void backing.save(saved) : new Promise((resolve) => ends.push(resolve))),
    });
    storage.write(tokens(1, EARLIER));
    storage.write(tokens(2));
    await vi.advanceTimersByTimeAsync(10_000);
    storage.write(tokens(3, LATER));
    for (const name of ['1', '2']) {
      backing.save({ accessToken: `T${name}`, refreshToken: `R${name}`, sessionId: '' });
      expect(read()).toEqual([undefined]);
      expect(backing.load()).toEqual(tokens(3, LATER));
    }
    expect(ends).toHaveLength(2);
  });

  it('are no newer grant after they were given up, if the store keeps no revision', async () => {
    stopClock();
    const ends: (() => void)[] = [];
    const unnumbered = ({ revision: _revision, ...kept }: Tokens): Tokens => kept;
    const { storage, backing, read } = createStorage({
      save: (saved) =>
        saved.revision === 1 ? new Promise((resolve) => ends.push(resolve)) : backing.save(unnumbered(saved)),
    });
    storage.write(tokens(1));
    await vi.advanceTimersByTimeAsync(5_000);
    storage.write(tokens(2));
    backing.save(unnumbered(tokens(1)));
    expect(read()).toEqual([undefined]);
    expect(backing.load()).toEqual(unnumbered(tokens(2)));
  });

  it('end no later sign-in if they are given-up clears, however many there are', async () => {
    stopClock();
    const ends: (() => void)[] = [];
    const { storage, backing, read } = createStorage({ clear: () => new Promise((resolve) => ends.push(resolve)) });
    storage.write('sign-out');
    storage.write('sign-out');
    await vi.advanceTimersByTimeAsync(10_000);
    storage.write(tokens(1));
    for (const end of ends) {
      backing.clear();
      end();
      await vi.advanceTimersByTimeAsync(0);
      expect(backing.load()).toEqual(tokens(1));
    }
    expect(read()).toEqual([undefined]);
  });

  it('end no later sign-in whose write was given up too, if they are late clears', async () => {
    stopClock();
    const ends: (() => void)[] = [];
    const hanging = () => new Promise<void>((resolve) => ends.push(resolve));
    const saves = [hanging];
    const { storage, backing, read } = createStorage({
      clear: hanging,
      save: (saved) => saves.pop()?.() ?? backing.save(saved),
    });
    storage.write('sign-out');
    storage.write('sign-out');
    storage.write(tokens(1));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(read()).toEqual([undefined]);
    for (const end of ends.slice(0, 2)) {
      backing.clear();
      end();
      await vi.advanceTimersByTimeAsync(0);
      expect(backing.load()).toEqual(tokens(1));
    }
    expect(read()).toEqual([undefined]);
  });

  it('end no later sign-in if they are late clears, even after a read while signed out', async () => {
    stopClock();
    const ends: (() => void)[] = [];
    const clears = [() => new Promise<void>((resolve) => ends.push(resolve))];
    const { storage, backing, applied, read } = createStorage({ clear: () => clears.pop()?.() });
    storage.write('sign-out');
    await vi.advanceTimersByTimeAsync(5_000);
    storage.write('sign-out');
    expect(read()).toEqual([undefined]);
    storage.write(tokens(1));
    backing.clear();
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(backing.load()).toEqual(tokens(1));
    expect(applied).toEqual([undefined]);
  });

  it('are written over if they are given-up clears, once their effect is seen', async () => {
    stopClock();
    let end = (): void => {};
    const { storage, backing, read } = createStorage({
      clear: () =>
        new Promise((resolve) => {
          end = resolve;
        }),
    });
    storage.write('sign-out');
    storage.write(tokens(1));
    await vi.advanceTimersByTimeAsync(5_000);
    backing.clear();
    expect(read()).toEqual([undefined]);
    expect(backing.load()).toEqual(tokens(1));
    end();
    await vi.advanceTimersByTimeAsync(0);
    expect(read()).toEqual([undefined]);
    expect(backing.load()).toEqual(tokens(1));
  });

  it('count as done if the last write ends late, even if an earlier one hangs', async () => {
    stopClock();
    const ends: (() => void)[] = [];
    const { storage, applied } = createStorage({ save: () => new Promise((resolve) => ends.push(resolve)) });
    storage.write(tokens(1));
    storage.write(tokens(2));
    await vi.advanceTimersByTimeAsync(10_000);
    // The store is empty: another tab has cleared it.
    ends[1]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(applied).toEqual([null]);
  });

  it('hide no later sign-out if they are late clears', async () => {
    stopClock();
    const ends: (() => void)[] = [];
    const { storage, backing, read } = createStorage({ clear: () => new Promise((resolve) => ends.push(resolve)) });
    storage.write('sign-out');
    await vi.advanceTimersByTimeAsync(5_000);
    storage.write(tokens(1));
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    backing.clear();
    expect(read()).toEqual([null]);
  });

  it('count as done only if the last write is done', async () => {
    const ends: (() => void)[] = [];
    const { storage, backing, read } = createStorage({
      save: (saved) => {
        backing.save(saved);
        return new Promise((resolve) => ends.push(resolve));
      },
    });
    storage.write(tokens(1));
    storage.write(tokens(2));
    ends[0]?.();
    await setImmediate();
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await setImmediate();
    backing.clear();
    expect(read()).toEqual([null]);
  });

  it('count as done if their tokens are found, even if they reported a failure', () => {
    const { storage, backing, read } = createStorage({
      save: (saved) => {
        backing.save(saved);
        return failing();
      },
    });
    storage.write(tokens(1));
    expect(read()).toEqual([undefined]);
    backing.clear();
    expect(read()).toEqual([null]);
  });
});
