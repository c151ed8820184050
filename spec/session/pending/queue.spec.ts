import { describe, expect, it } from 'vitest';
import { createPendingQueue, type Waiter } from '../../../lib/session/pending/admission';

/** Waiters that note in `log` what becomes of them, by name. */
const createRoom = (concurrency = Infinity) => {
  const log: string[] = [];
  const dones = new Map<string, () => void>();
  const turns = new Map<string, () => void>();
  const names = new Map<Waiter, string>();
  const queue = createPendingQueue(concurrency, (waiter, done) => {
    const name = `${names.get(waiter)}`;
    log.push(name);
    turns.get(name)?.();
    dones.set(name, done);
  });
  const admit = (name: string, takesSlot: boolean): Waiter => {
    const waiter: Waiter = {
      takesSlot,
      closed: false,
      send: () => {},
      error: (error) => log.push(`${name}: ${Object(error).message}`),
    };
    names.set(waiter, name);
    queue.add(waiter);
    return waiter;
  };
  const enter = (...added: string[]): Waiter[] => added.map((name) => admit(name, true));
  /** Those who want a token, and send nothing with it. */
  const enterAside = (...added: string[]): Waiter[] => added.map((name) => admit(name, false));
  /** What one does in its turn. */
  const onTurn = (name: string, act: () => void) => turns.set(name, act);
  return { queue, log, enter, enterAside, onTurn, done: (name: string) => dones.get(name)?.() };
};

describe('a waiting queue', () => {
  it('knows how many wait', () => {
    const { queue, enter } = createRoom();
    const [, second] = enter('a', 'b', 'c');
    expect(queue.size).toBe(3);
    if (second) queue.remove(second);
    expect(queue.size).toBe(2);
    queue.takeAll();
    expect(queue.size).toBe(0);
  });

  it('lets those who waited go in the order they came, and not before it is told to', () => {
    const { queue, log, enter } = createRoom();
    enter('a', 'b', 'c');
    const release = queue.takeAll();
    expect(log).toEqual([]);
    release();
    expect(log).toEqual(['a', 'b', 'c']);
  });

  it('lets no one go who has left', () => {
    const { queue, log, enter } = createRoom();
    const [, second] = enter('a', 'b', 'c');
    if (second) queue.remove(second);
    queue.takeAll()();
    expect(log).toEqual(['a', 'c']);
  });

  it('keeps those who come after it was emptied for the next time', () => {
    const { queue, log, enter } = createRoom();
    enter('a');
    const release = queue.takeAll();
    enter('b');
    release();
    expect(log).toEqual(['a']);
    queue.takeAll()();
    expect(log).toEqual(['a', 'b']);
  });

  it('ends the wait of those who were in it with an error', () => {
    const { queue, log, enter } = createRoom();
    enter('a', 'b');
    const release = queue.takeAll(new Error('over'));
    enter('c');
    release();
    expect(log).toEqual(['a: over', 'b: over']);
    expect(queue.size).toBe(1);
  });

  it('can be emptied when no one waits', () => {
    const { queue, log } = createRoom();
    queue.takeAll()();
    queue.takeAll(new Error('over'), true)();
    expect(log).toEqual([]);
  });
});

describe('a waiting queue that lets two go at once', () => {
  it('lets another go each time one is done', () => {
    const { queue, log, enter, done } = createRoom(2);
    enter('a', 'b', 'c', 'd');
    queue.takeAll()();
    expect(log).toEqual(['a', 'b']);
    done('b');
    expect(log).toEqual(['a', 'b', 'c']);
    done('b');
    expect(log).toEqual(['a', 'b', 'c']);
    done('a');
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });

  it('counts waiters that were released earlier and are not done yet', () => {
    const { queue, log, enter, done } = createRoom(2);
    enter('a', 'b', 'c');
    queue.takeAll()();
    enter('d');
    queue.takeAll()();
    expect(log).toEqual(['a', 'b']);
    done('a');
    done('b');
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });

  it('releases waiters without a slot at once, and counts no slot for them', () => {
    const { queue, log, enter, enterAside, done } = createRoom(2);
    enter('a', 'b', 'c');
    enterAside('x', 'y', 'z');
    enter('d');
    queue.takeAll()();
    expect(log).toEqual(['a', 'b', 'x', 'y', 'z']);
    done('x');
    expect(log).toEqual(['a', 'b', 'x', 'y', 'z']);
    done('a');
    expect(log).toEqual(['a', 'b', 'x', 'y', 'z', 'c']);
  });

  it('lets one who stands in line leave it', () => {
    const { queue, log, enter, done } = createRoom(2);
    const [, , third] = enter('a', 'b', 'c', 'd');
    queue.takeAll()();
    if (third) queue.remove(third);
    done('a');
    expect(log).toEqual(['a', 'b', 'd']);
  });

  it('leaves those who stand in line where they are when the wait of others fails', () => {
    const { queue, log, enter, done } = createRoom(2);
    enter('a', 'b', 'c');
    queue.takeAll()();
    enter('d');
    queue.takeAll(new Error('failed'))();
    expect(log).toEqual(['a', 'b', 'd: failed']);
    done('a');
    expect(log).toEqual(['a', 'b', 'd: failed', 'c']);
  });

  it('ends the wait of those as well when the session is over, first of all', () => {
    const { queue, log, enter, done } = createRoom(2);
    enter('a', 'b', 'c');
    queue.takeAll()();
    enter('d');
    queue.takeAll(new Error('over'), true)();
    expect(log).toEqual(['a', 'b', 'c: over', 'd: over']);
    done('a');
    done('b');
    enter('e');
    queue.takeAll()();
    expect(log).toEqual(['a', 'b', 'c: over', 'd: over', 'e']);
  });

  it('rejects waiters that are being released when the session is over', () => {
    const { queue, log, enter, onTurn } = createRoom(Infinity);
    enter('a', 'b', 'c');
    let end = (): void => {};
    onTurn('a', () => {
      end = queue.takeAll(new Error('over'), true);
    });
    queue.takeAll()();
    expect(log).toEqual(['a']);
    end();
    expect(log).toEqual(['a', 'b: over', 'c: over']);
  });

  it('releases the rest after a waiter has rejected others, in their order', () => {
    const { queue, log, enter, onTurn } = createRoom();
    enter('a', 'b');
    onTurn('a', () => {
      enter('c');
      queue.takeAll(new Error('no'))();
    });
    queue.takeAll()();
    expect(log).toEqual(['a', 'c: no', 'b']);
  });

  it('skips a waiter that was removed before its turn, even after another release', () => {
    const { queue, log, enter, onTurn } = createRoom();
    const [, second] = enter('a', 'b', 'c');
    onTurn('a', () => {
      enter('d');
      queue.takeAll()();
      if (second) queue.remove(second);
    });
    queue.takeAll()();
    expect(log.sort()).toEqual(['a', 'c', 'd']);
  });
});
