import { setImmediate } from 'node:timers/promises';
import type { TokenStore, Tokens } from 'renewal';
import { describe, expect, it, vi } from 'vitest';
import { createSessionId, digestOf } from '../../../lib/session/state/session-id';
import { createTokenStorage } from '../../../lib/session/store/token-storage';
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

/** Tokens of a writer that knows of no sessions. */
const foreign = (number: number) => ({ accessToken: `F${number}`, refreshToken: `G${number}`, sessionId: '' });

const failing = (): never => {
  throw new Error('full');
};

/** A port over a store that others may write to, with what it warned of. */
const createPort = (store: Partial<TokenStore> = {}) => {
  const shelf = createDefaultStore();
  const warnings: string[] = [];
  const heeded: unknown[] = [];
  const port = createTokenStorage(
    { ...shelf, ...store },
    (what, error) => {
      warnings.push(`${what}: ${error === undefined ? 'no answer' : Object(error).message}`);
      return undefined;
    },
    (news) => heeded.push(news),
  );
  const look = (): unknown[] => {
    const seen: unknown[] = [];
    port.read().subscribe((each) => seen.push(each));
    return seen;
  };
  return { port, shelf, warnings, heeded, look };
};

describe('what a look into the store says', () => {
  it('is nothing of a store that is empty', () => {
    expect(createPort().look()).toEqual([undefined]);
  });

  it('gives the tokens that have precedence, until the session has adopted them', () => {
    const { port, shelf, look } = createPort();
    shelf.save(tokens(1));
    expect(look()).toEqual([tokens(1)]);
    expect(look()).toEqual([tokens(1)]);
    port.take(tokens(1));
    expect(look()).toEqual([undefined]);
    shelf.save(tokens(2));
    expect(look()).toEqual([tokens(2)]);
    shelf.save(tokens(1, LATER));
    expect(look()).toEqual([tokens(1, LATER)]);
  });

  it('is nothing of tokens without precedence: those of the session are written again', () => {
    const { port, shelf, look } = createPort();
    port.write(tokens(2));
    for (const older of [tokens(1), tokens(9, EARLIER)]) {
      shelf.save(older);
      expect(look()).toEqual([undefined]);
      expect(shelf.load()).toEqual(tokens(2));
    }
  });

  it('is a sign-out if the store is empty and held tokens of the session', () => {
    const { port, shelf, look } = createPort();
    port.write(tokens(1));
    shelf.clear();
    expect(look()).toEqual([null]);
    const other = createPort();
    other.shelf.save(tokens(1));
    other.look();
    other.port.take(tokens(1));
    other.shelf.clear();
    expect(other.look()).toEqual([null]);
  });

  it('is no sign-out once the session is over', () => {
    const { port, shelf, look } = createPort();
    port.write(tokens(1));
    shelf.clear();
    port.end('sign-out');
    expect(look()).toEqual([undefined]);
  });

  it('is no sign-out if the write of this session has failed', () => {
    const { port, look } = createPort({ save: failing });
    port.write(tokens(1));
    expect(look()).toEqual([undefined]);
  });

  it('brings back no session that was ended here: the store is cleared again', () => {
    const { port, shelf, look } = createPort();
    port.write(tokens(1));
    port.write('sign-out');
    shelf.save(tokens(2));
    expect(look()).toEqual([undefined]);
    expect(shelf.load()).toBeNull();
  });

  it('undoes no sign-out from before the first read, even if it could not be cleared', () => {
    let isBroken = true;
    const { port, shelf, look } = createPort({ clear: () => (isBroken ? failing() : shelf.clear()) });
    shelf.save(tokens(1));
    port.write('sign-out');
    expect(look()).toEqual([undefined]);
    expect(shelf.load()).toEqual(tokens(1));
    isBroken = false;
    expect(look()).toEqual([undefined]);
    expect(shelf.load()).toBeNull();
    shelf.save(tokens(1, LATER));
    expect(look()).toEqual([tokens(1, LATER)]);
  });

  it('is a sign-in of another after a sign-out that could not be done', () => {
    const { port, shelf, look } = createPort({ clear: failing });
    shelf.save(tokens(1));
    port.write('sign-out');
    look();
    shelf.save(tokens(2, LATER));
    expect(look()).toEqual([tokens(2, LATER)]);
  });

  it('is what others got through with after a refusal, and not what was refused', () => {
    const { port, shelf, look } = createPort();
    port.write(tokens(1));
    port.write('refused');
    shelf.save(tokens(1));
    expect(look()).toEqual([undefined]);
    expect(shelf.load()).toBeNull();
    shelf.save(tokens(2));
    expect(look()).toEqual([tokens(2)]);
  });

  it('writes the tokens of the session again if the store has lost them', () => {
    const saved: unknown[] = [];
    const { port, look } = createPort({ load: () => undefined, save: (each) => void saved.push(each) });
    expect(look()).toEqual([undefined]);
    port.take(tokens(1));
    expect(look()).toEqual([undefined]);
    expect(saved).toEqual([tokens(1)]);
  });

  it('stops to write over a store that keeps returning older tokens', () => {
    const saved: unknown[] = [];
    const { port, look } = createPort({ load: () => tokens(1), save: (each) => void saved.push(each) });
    port.write(tokens(2));
    for (let time = 0; time < 100; time++) look();
    expect(saved).toHaveLength(11);
    port.write(tokens(3));
    look();
    expect(saved.slice(11)).toEqual([tokens(3), tokens(3)]);
  });

  it('ignores replaced tokens of a store that writes nothing and has no ids', () => {
    const { port, look } = createPort({ load: () => foreign(1), save: () => {} });
    port.take({ ...foreign(1), sessionId: digestOf('F1') });
    for (let revision = 1; revision < 30; revision++) {
      expect(look()).toEqual([undefined]);
      port.write(tokens(revision, digestOf('F1')));
    }
  });

  it('names tokens without a session id after the access token', () => {
    const { port, shelf, look } = createPort();
    shelf.save(foreign(1));
    expect(look()).toEqual([{ ...foreign(1), sessionId: digestOf('F1') }]);
    port.take({ ...foreign(1), sessionId: digestOf('F1') });
    expect(look()).toEqual([undefined]);
    shelf.save(foreign(2));
    expect(look()).toEqual([{ ...foreign(2), sessionId: digestOf('F2') }]);
  });

  it.each([
    ['has been read', true],
    ['has not been read', false],
  ])('ignores what a failed write of a sign-in was to replace, in a store that %s', (_, isRead) => {
    const { port, shelf, look } = createPort({ save: failing });
    shelf.save(foreign(1));
    if (isRead) look();
    port.write(tokens(1));
    expect(look()).toEqual([undefined]);
    expect(look()).toEqual([undefined]);
    shelf.save(foreign(2));
    expect(look()).toMatchObject([{ accessToken: 'F2' }]);
  });

  it('is nothing of what the one before the write that failed has left', async () => {
    const ends: ((isDone: boolean) => void)[] = [];
    const { port, shelf, look } = createPort({
      save: () =>
        new Promise((resolve, reject) => ends.push((isDone) => (isDone ? resolve() : reject(new Error('full'))))),
    });
    look();
    port.write(tokens(1));
    port.write(tokens(1, LATER));
    ends[0]?.(true);
    await setImmediate();
    // What is kept of the first one has no id.
    shelf.save({ accessToken: 'T1', refreshToken: 'R1', sessionId: '' });
    ends[1]?.(false);
    await setImmediate();
    port.write({ ...tokens(2, LATER), accessToken: 'T9' });
    ends[2]?.(false);
    await setImmediate();
    expect(look()).toEqual([undefined]);
  });

  it('ignores a sign-in of its own whose write was done although it reported a failure', () => {
    const { port, shelf, look } = createPort({
      save: ({ accessToken, refreshToken = '' }) => {
        // Without the id of the session; the second one is not kept.
        if (accessToken === 'T1') shelf.save({ accessToken, refreshToken, sessionId: '' });
        failing();
      },
    });
    look();
    port.write(tokens(1));
    port.write({ ...tokens(1, LATER), accessToken: 'T9' });
    expect(look()).toEqual([undefined]);
  });

  it('is nothing of what several writes that failed were to replace', () => {
    const { port, shelf, look } = createPort({ save: failing });
    shelf.save({ ...foreign(1), sessionId: ID });
    look();
    for (const revision of [1, 2, 3]) port.write(tokens(revision));
    expect(look()).toEqual([undefined]);
  });

  it('is a warning, and nothing, if the store throws or what it holds is malformed', () => {
    let load = (): Tokens => ({ accessToken: '', sessionId: '' });
    const { look, warnings } = createPort({ load: () => load() });
    expect(look()).toEqual([undefined]);
    load = failing;
    expect(look()).toEqual([undefined]);
    expect(warnings).toEqual(['load: tokens: expected a string of printable ASCII', 'load: full']);
    load = () => tokens(1);
    expect(look()).toEqual([tokens(1)]);
  });

  it('is what a refresh token alone, or a session elsewhere, stands for', () => {
    const { shelf, look } = createPort();
    shelf.save({ accessToken: '', refreshToken: 'R1', sessionId: ID, revision: 1 });
    expect(look()).toEqual([{ accessToken: '', refreshToken: 'R1', sessionId: ID, revision: 1, expiresAtMs: 1 }]);
    shelf.save({ accessToken: '', sessionId: LATER });
    expect(look()).toEqual([{ accessToken: '', sessionId: LATER, expiresAtMs: 1 }]);
  });

  it('follows from nothing once the port is closed', () => {
    const { port, shelf, look } = createPort();
    port.write(tokens(2));
    port.close();
    shelf.save(tokens(1));
    expect(look()).toEqual([undefined]);
    expect(shelf.load()).toEqual(tokens(1));
  });
});

describe('a store that answers later', () => {
  const createSlow = (store: Partial<TokenStore> = {}) => {
    const answers: ((found: Tokens | null) => void)[] = [];
    const load = () => new Promise<Tokens | null>((resolve) => answers.push(resolve));
    return { ...createPort({ load, ...store }), answers };
  };

  it('is read again before it has answered', async () => {
    const { look, answers } = createSlow();
    const [first, second] = [look(), look()];
    expect(answers).toHaveLength(2);
    answers[1]?.(tokens(1));
    await setImmediate();
    expect([first, second]).toEqual([[], [tokens(1)]]);
  });

  it('says nothing any more once a later read has been answered', async () => {
    const { port, look, answers } = createSlow();
    const first = look();
    look();
    answers[1]?.(tokens(2));
    await setImmediate();
    port.take(tokens(2));
    answers[0]?.(null);
    await setImmediate();
    expect(first).toEqual([undefined]);
  });

  it('is read again, once, if a write has begun since it was asked', async () => {
    const { port, look, answers } = createSlow();
    const seen = look();
    port.write(tokens(2));
    answers[0]?.(null);
    await setImmediate();
    expect(seen).toEqual([]);
    port.write(tokens(3));
    answers[1]?.(tokens(4));
    await setImmediate();
    expect(seen).toEqual([undefined]);
    expect(answers).toHaveLength(2);
  });

  it('is read after the write that is under way', async () => {
    const ends: (() => void)[] = [];
    const { port, look, answers } = createSlow({ save: () => new Promise((resolve) => ends.push(resolve)) });
    port.write(tokens(1));
    const seen = look();
    expect(answers).toHaveLength(0);
    ends[0]?.();
    await setImmediate();
    answers[0]?.(tokens(2));
    await setImmediate();
    expect(seen).toEqual([tokens(2)]);
  });

  it('is waited for 5 s, and then not at all until it has answered', async () => {
    stopClock();
    const { port, warnings, answers } = createSlow();
    const seen: unknown[] = [];
    const ask = () => port.withTimeout(port.read()).subscribe((each) => seen.push(each));
    ask();
    await vi.advanceTimersByTimeAsync(4_999);
    expect([seen, warnings]).toEqual([[], []]);
    await vi.advanceTimersByTimeAsync(1);
    expect([seen, warnings]).toEqual([[undefined], ['load: no answer']]);
    ask();
    expect(seen).toHaveLength(2);
    answers[1]?.(tokens(1));
    await vi.advanceTimersByTimeAsync(0);
    ask();
    expect(seen).toHaveLength(2);
    answers[2]?.(tokens(1));
    await vi.advanceTimersByTimeAsync(0);
    expect(seen[2]).toEqual(tokens(1));
  });

  it.each([
    ['is heeded if nothing waits for its answer any more', false],
    ['is left to what waits for its answer', true],
  ])('%s', async (_, isWaitedFor) => {
    stopClock();
    const { port, heeded, answers } = createSlow();
    const seen: unknown[] = [];
    const news$ = port.read();
    port.withTimeout(news$).subscribe();
    if (isWaitedFor) news$.subscribe((each) => seen.push(each));
    await vi.advanceTimersByTimeAsync(5_000);
    answers[0]?.(tokens(1));
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toEqual(isWaitedFor ? [tokens(1)] : []);
    expect(heeded).toEqual(isWaitedFor ? [] : [tokens(1)]);
  });
});

describe('the version of a store', () => {
  it('tells whether it holds what it held at the last look or write', () => {
    let version = 1;
    const { port, look } = createPort({ version: () => version });
    expect(port.isSeen()).toBe(false);
    look();
    expect(port.isSeen()).toBe(true);
    version = 2;
    expect(port.isSeen()).toBe(false);
    port.write(tokens(1));
    expect(port.isSeen()).toBe(true);
  });

  it('is looked at again a second after the store could not be read', () => {
    stopClock();
    let isBroken = true;
    const { port, look } = createPort({
      version: () => 1,
      load: () => (isBroken ? failing() : tokens(1)),
    });
    look();
    expect(port.isSeen()).toBe(true);
    vi.advanceTimersByTime(1_000);
    expect(port.isSeen()).toBe(false);
    isBroken = false;
    look();
    vi.advanceTimersByTime(10_000);
    expect(port.isSeen()).toBe(true);
  });

  it('tells nothing if there is none, or it throws', () => {
    expect(createPort().port.isSeen()).toBe(true);
    expect(createPort({ version: failing }).port.isSeen()).toBe(true);
  });

  it('is seen by no write that was done later, as others may have written after it', async () => {
    const { port, look } = createPort({ version: () => 1, save: () => Promise.resolve() });
    look();
    port.write(tokens(1));
    await setImmediate();
    expect(port.isSeen()).toBe(false);
    look();
    expect(port.isSeen()).toBe(true);
  });
});

describe('writes to the store', () => {
  it('begin at once, subscribed or not, and never overlap', async () => {
    const log: string[] = [];
    const ends: (() => void)[] = [];
    const { port } = createPort({
      save: ({ accessToken }) => {
        log.push(accessToken);
        return new Promise((resolve) => ends.push(resolve));
      },
      clear: () => {
        log.push('-');
      },
    });
    port.write(tokens(1));
    port.write(tokens(2));
    port.write('sign-out');
    expect(log).toEqual(['T1']);
    ends[0]?.();
    await setImmediate();
    expect(log).toEqual(['T1', 'T2']);
    ends[1]?.();
    await setImmediate();
    expect(log).toEqual(['T1', 'T2', '-']);
  });

  it('tell when they are done', () => {
    const { port } = createPort();
    const done: string[] = [];
    port.write(tokens(1)).subscribe({ next: () => done.push('next'), complete: () => done.push('complete') });
    expect(done).toEqual(['next', 'complete']);
  });

  it('are a warning if they throw, and the next one goes on', () => {
    const { port, shelf, warnings } = createPort({ save: failing });
    let isDone = false;
    port.write(tokens(1)).subscribe(() => {
      isDone = true;
    });
    expect(isDone).toBe(true);
    expect(warnings).toEqual(['write: full']);
    shelf.save(tokens(2));
    port.write('sign-out');
    expect(shelf.load()).toBeNull();
  });

  it('are given up after 5 s, and hold up no later one', async () => {
    stopClock();
    const cleared = vi.fn();
    const { port, warnings } = createPort({ save: () => new Promise(() => {}), clear: cleared });
    let isDone = false;
    port.write(tokens(1)).subscribe(() => {
      isDone = true;
    });
    port.write('sign-out');
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
  ])('that were given up and end late are written over: %s', async (what, next, kept) => {
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
    const shelf = createDefaultStore();
    const { port } = createPort({
      load: shelf.load,
      save: (saved) => slowly(() => void shelf.save(saved)),
      clear: () => slowly(() => void shelf.clear()),
    });
    port.write(what.startsWith('a clear') ? 'sign-out' : tokens(1));
    await vi.advanceTimersByTimeAsync(5_000);
    port.write(next);
    expect(shelf.load()).toEqual(kept);
    end();
    await vi.advanceTimersByTimeAsync(0);
    port.read();
    expect(shelf.load()).toEqual(kept);
  });

  it('that end late are known also if the look after them has failed', async () => {
    stopClock();
    let isFailing = false;
    const ends: (() => void)[] = [];
    const shelf = createDefaultStore();
    const { port, look } = createPort({
      load: () => (isFailing ? failing() : shelf.load()),
      save: (saved) => (saved.revision === 2 ? void shelf.save(saved) : new Promise((resolve) => ends.push(resolve))),
    });
    port.write(tokens(1, EARLIER));
    await vi.advanceTimersByTimeAsync(5_000);
    port.write(tokens(2));
    isFailing = true;
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    isFailing = false;
    shelf.save({ accessToken: 'T1', refreshToken: 'R1', sessionId: '' });
    expect(look()).toEqual([undefined]);
    expect(shelf.load()).toEqual(tokens(2));
  });

  it('that were given up, however many there are, are no sign-in of another', async () => {
    stopClock();
    const ends: (() => void)[] = [];
    const { port, shelf, look } = createPort({
      save: (saved) => (saved.revision === 3 ? void shelf.save(saved) : new Promise((resolve) => ends.push(resolve))),
    });
    port.write(tokens(1, EARLIER));
    port.write(tokens(2));
    await vi.advanceTimersByTimeAsync(10_000);
    port.write(tokens(3, LATER));
    for (const name of ['1', '2']) {
      shelf.save({ accessToken: `T${name}`, refreshToken: `R${name}`, sessionId: '' });
      expect(look()).toEqual([undefined]);
      expect(shelf.load()).toEqual(tokens(3, LATER));
    }
    expect(ends).toHaveLength(2);
  });

  it('that clear, and were given up, end no later sign-in, however many there are', async () => {
    stopClock();
    const ends: (() => void)[] = [];
    const { port, shelf, look } = createPort({ clear: () => new Promise((resolve) => ends.push(resolve)) });
    port.write('sign-out');
    port.write('sign-out');
    await vi.advanceTimersByTimeAsync(10_000);
    port.write(tokens(1));
    for (const end of ends) {
      shelf.clear();
      end();
      await vi.advanceTimersByTimeAsync(0);
      expect(shelf.load()).toEqual(tokens(1));
    }
    expect(look()).toEqual([undefined]);
  });

  it('that clear late end no later sign-in whose write was given up as well', async () => {
    stopClock();
    const ends: (() => void)[] = [];
    const hanging = () => new Promise<void>((resolve) => ends.push(resolve));
    const saves = [hanging];
    const { port, shelf, look } = createPort({
      clear: hanging,
      save: (saved) => saves.pop()?.() ?? shelf.save(saved),
    });
    port.write('sign-out');
    port.write('sign-out');
    port.write(tokens(1));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(look()).toEqual([undefined]);
    for (const end of ends.slice(0, 2)) {
      shelf.clear();
      end();
      await vi.advanceTimersByTimeAsync(0);
      expect(shelf.load()).toEqual(tokens(1));
    }
    expect(look()).toEqual([undefined]);
  });

  it('that clear, and were given up, are written over as soon as their effect is seen', async () => {
    stopClock();
    let end = (): void => {};
    const { port, shelf, look } = createPort({
      clear: () =>
        new Promise((resolve) => {
          end = resolve;
        }),
    });
    port.write('sign-out');
    port.write(tokens(1));
    await vi.advanceTimersByTimeAsync(5_000);
    shelf.clear();
    expect(look()).toEqual([undefined]);
    expect(shelf.load()).toEqual(tokens(1));
    end();
    await vi.advanceTimersByTimeAsync(0);
    expect(look()).toEqual([undefined]);
    expect(shelf.load()).toEqual(tokens(1));
  });

  it('that end late as the last one count as done, even if an earlier one hangs', async () => {
    stopClock();
    const ends: (() => void)[] = [];
    const { port, heeded } = createPort({ save: () => new Promise((resolve) => ends.push(resolve)) });
    port.write(tokens(1));
    port.write(tokens(2));
    await vi.advanceTimersByTimeAsync(10_000);
    // Another has cleared the store since.
    ends[1]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(heeded).toEqual([null]);
  });

  it('that clear, and end late, hide no later sign-out', async () => {
    stopClock();
    const ends: (() => void)[] = [];
    const { port, shelf, look } = createPort({ clear: () => new Promise((resolve) => ends.push(resolve)) });
    port.write('sign-out');
    await vi.advanceTimersByTimeAsync(5_000);
    port.write(tokens(1));
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    shelf.clear();
    expect(look()).toEqual([null]);
  });

  it('count as done only if the last one is', async () => {
    const ends: (() => void)[] = [];
    const { port, shelf, look } = createPort({
      save: (saved) => {
        shelf.save(saved);
        return new Promise((resolve) => ends.push(resolve));
      },
    });
    port.write(tokens(1));
    port.write(tokens(2));
    ends[0]?.();
    await setImmediate();
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await setImmediate();
    shelf.clear();
    expect(look()).toEqual([null]);
  });

  it('count as done if what they wrote is found, whatever they said', () => {
    const { port, shelf, look } = createPort({
      save: (saved) => {
        shelf.save(saved);
        return failing();
      },
    });
    port.write(tokens(1));
    expect(look()).toEqual([undefined]);
    shelf.clear();
    expect(look()).toEqual([null]);
  });
});
