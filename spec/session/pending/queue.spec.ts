import { describe, expect, it } from 'vitest';
import { BatchQueue, type Waiter } from '../../../lib/session/pending/admission';

/** A queue whose waiters record in `log` by name that they were released, or rejected. */
const createRecorded = (concurrency = Infinity) => {
  const log: string[] = [];
  const dones = new Map<string, () => void>();
  const actions = new Map<string, () => void>();
  const names = new Map<Waiter, string>();
  class Queue extends BatchQueue {
    admit(waiter: Waiter, done: () => void): void {
      const name = `${names.get(waiter)}`;
      log.push(name);
      actions.get(name)?.();
      dones.set(name, done);
    }
  }
  const queue = new Queue(concurrency);
  const addWaiter = (name: string, takesSlot: boolean): Waiter => {
    const waiter: Waiter = {
      renew: true,
      takesSlot,
      closed: false,
      send: () => {},
      error: (error) => log.push(`${name}: ${Object(error).message}`),
    };
    names.set(waiter, name);
    queue.add(waiter);
    return waiter;
  };
  const add = (...added: string[]): Waiter[] => added.map((name) => addWaiter(name, true));
  /** Adds waiters for a token, which send no request. */
  const addSlotless = (...added: string[]): Waiter[] => added.map((name) => addWaiter(name, false));
  /** Calls `act` when the waiter of this name is released. */
  const onRelease = (name: string, act: () => void) => actions.set(name, act);
  return { queue, log, add, addSlotless, onRelease, done: (name: string) => dones.get(name)?.() };
};

describe('a pending queue', () => {
  it('counts its waiters', () => {
    const { queue, add } = createRecorded();
    const [, second] = add('a', 'b', 'c');
    expect(queue.size).toBe(3);
    if (second) queue.remove(second);
    expect(queue.size).toBe(2);
    queue.takeAll();
    expect(queue.size).toBe(0);
  });

  it('releases its waiters in the order of arrival, once release is called', () => {
    const { queue, log, add } = createRecorded();
    add('a', 'b', 'c');
    const release = queue.takeAll();
    expect(log).toEqual([]);
    release();
    expect(log).toEqual(['a', 'b', 'c']);
  });

  it('releases no waiter that was removed', () => {
    const { queue, log, add } = createRecorded();
    const [, second] = add('a', 'b', 'c');
    if (second) queue.remove(second);
    queue.takeAll()();
    expect(log).toEqual(['a', 'c']);
  });

  it('keeps a waiter that arrives after takeAll for the next release', () => {
    const { queue, log, add } = createRecorded();
    add('a');
    const release = queue.takeAll();
    add('b');
    release();
    expect(log).toEqual(['a']);
    queue.takeAll()();
    expect(log).toEqual(['a', 'b']);
  });

  it('rejects its waiters if takeAll is called with an error', () => {
    const { queue, log, add } = createRecorded();
    add('a', 'b');
    const release = queue.takeAll(new Error('over'));
    add('c');
    release();
    expect(log).toEqual(['a: over', 'b: over']);
    expect(queue.size).toBe(1);
  });

  it('allows takeAll without any waiter', () => {
    const { queue, log } = createRecorded();
    queue.takeAll()();
    queue.takeAll(new Error('over'), true)();
    expect(log).toEqual([]);
  });
});

describe('a pending queue with two slots', () => {
  it('releases the next waiter each time a slot becomes free', () => {
    const { queue, log, add, done } = createRecorded(2);
    add('a', 'b', 'c', 'd');
    queue.takeAll()();
    expect(log).toEqual(['a', 'b']);
    done('b');
    expect(log).toEqual(['a', 'b', 'c']);
    done('b');
    expect(log).toEqual(['a', 'b', 'c']);
    done('a');
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });

  it('counts the slots of waiters from an earlier release', () => {
    const { queue, log, add, done } = createRecorded(2);
    add('a', 'b', 'c');
    queue.takeAll()();
    add('d');
    queue.takeAll()();
    expect(log).toEqual(['a', 'b']);
    done('a');
    done('b');
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });

  it('releases waiters that take no slot at once', () => {
    const { queue, log, add, addSlotless, done } = createRecorded(2);
    add('a', 'b', 'c');
    addSlotless('x', 'y', 'z');
    add('d');
    queue.takeAll()();
    expect(log).toEqual(['a', 'b', 'x', 'y', 'z']);
    done('x');
    expect(log).toEqual(['a', 'b', 'x', 'y', 'z']);
    done('a');
    expect(log).toEqual(['a', 'b', 'x', 'y', 'z', 'c']);
  });

  it('skips a waiter that was removed while it waited for a slot', () => {
    const { queue, log, add, done } = createRecorded(2);
    const [, , third] = add('a', 'b', 'c', 'd');
    queue.takeAll()();
    if (third) queue.remove(third);
    done('a');
    expect(log).toEqual(['a', 'b', 'd']);
  });

  it('keeps waiters without a slot when a later refresh fails', () => {
    const { queue, log, add, done } = createRecorded(2);
    add('a', 'b', 'c');
    queue.takeAll()();
    add('d');
    queue.takeAll(new Error('failed'))();
    expect(log).toEqual(['a', 'b', 'd: failed']);
    done('a');
    expect(log).toEqual(['a', 'b', 'd: failed', 'c']);
  });

  it('rejects waiters without a slot first when the session is over', () => {
    const { queue, log, add, done } = createRecorded(2);
    add('a', 'b', 'c');
    queue.takeAll()();
    add('d');
    queue.takeAll(new Error('over'), true)();
    expect(log).toEqual(['a', 'b', 'c: over', 'd: over']);
    done('a');
    done('b');
    add('e');
    queue.takeAll()();
    expect(log).toEqual(['a', 'b', 'c: over', 'd: over', 'e']);
  });

  it('rejects the rest of a running release when the session is over', () => {
    const { queue, log, add, onRelease } = createRecorded(Infinity);
    add('a', 'b', 'c');
    let end = (): void => {};
    onRelease('a', () => {
      end = queue.takeAll(new Error('over'), true);
    });
    queue.takeAll()();
    expect(log).toEqual(['a']);
    end();
    expect(log).toEqual(['a', 'b: over', 'c: over']);
  });

  it('releases the rest in order after a waiter has rejected others', () => {
    const { queue, log, add, onRelease } = createRecorded();
    add('a', 'b');
    onRelease('a', () => {
      add('c');
      queue.takeAll(new Error('no'))();
    });
    queue.takeAll()();
    expect(log).toEqual(['a', 'c: no', 'b']);
  });

  it('skips a waiter that was removed before its turn, even after another release', () => {
    const { queue, log, add, onRelease } = createRecorded();
    const [, second] = add('a', 'b', 'c');
    onRelease('a', () => {
      add('d');
      queue.takeAll()();
      if (second) queue.remove(second);
    });
    queue.takeAll()();
    expect(log.sort()).toEqual(['a', 'c', 'd']);
  });
});
