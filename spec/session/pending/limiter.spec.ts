import { describe, expect, it } from 'vitest';
import { createLimiter } from '../../../lib/session/pending/limiter';

/** A limiter that records which items start. The test ends an item with `finish`. */
const createRecorded = (slots: number) => {
  const started: string[] = [];
  const done = new Map<string, () => void>();
  const limiter = createLimiter<string>(slots, (item, finish) => {
    started.push(item);
    done.set(item, finish);
  });
  const push = (...items: string[]) => items.forEach(limiter.push);
  const finish = (item: string) => done.get(item)?.();
  return { limiter, started, push, finish };
};

describe('a limiter', () => {
  it('starts as many items as it has slots, in the same tick', () => {
    const { push, started } = createRecorded(2);
    push('a');
    expect(started).toEqual(['a']);
    push('b', 'c', 'd');
    expect(started).toEqual(['a', 'b']);
  });

  it('starts queued items in order as slots become free', () => {
    const { push, finish, started } = createRecorded(2);
    push('a', 'b', 'c', 'd', 'e');
    finish('b');
    expect(started).toEqual(['a', 'b', 'c']);
    finish('a');
    finish('c');
    expect(started).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('starts all items at once if it has no limit', () => {
    const { push, started } = createRecorded(Infinity);
    const items = Array.from({ length: 1000 }, (_, index) => `${index}`);
    push(...items);
    expect(started).toEqual(items);
  });

  it('frees a slot once, however often its item is done', () => {
    const { push, finish, started } = createRecorded(1);
    push('a', 'b', 'c');
    finish('a');
    finish('a');
    expect(started).toEqual(['a', 'b']);
  });

  it('keeps free slots for later items', () => {
    const { push, finish, started } = createRecorded(2);
    push('a', 'b');
    finish('a');
    finish('b');
    push('c', 'd', 'e');
    expect(started).toEqual(['a', 'b', 'c', 'd']);
  });

  it('never starts a removed item, and keeps the slot of one that has started', () => {
    const { limiter, push, finish, started } = createRecorded(1);
    push('a', 'b', 'c', 'd');
    for (const item of ['a', 'b', 'd', 'never came']) limiter.remove(item);
    expect(started).toEqual(['a']);
    finish('a');
    finish('c');
    push('e');
    expect(started).toEqual(['a', 'c', 'e']);
  });

  it('puts an item that returns at the end of its queue', () => {
    const { limiter, push, finish, started } = createRecorded(1);
    push('a', 'b', 'c');
    limiter.remove('b');
    push('b');
    finish('a');
    finish('c');
    expect(started).toEqual(['a', 'c', 'b']);
  });

  it('returns queued items in order on clear, while started items keep their slots', () => {
    const { limiter, push, finish, started } = createRecorded(1);
    push('a', 'b', 'c');
    expect([...limiter.clear()]).toEqual(['b', 'c']);
    expect([...limiter.clear()]).toEqual([]);
    push('d');
    expect(started).toEqual(['a']);
    finish('a');
    expect(started).toEqual(['a', 'd']);
  });

  it('goes on with items that are added during clear', () => {
    const { limiter, push, finish, started } = createRecorded(1);
    push('a', 'b');
    for (const item of limiter.clear()) push(`${item} again`);
    finish('a');
    expect(started).toEqual(['a', 'b again']);
  });
});

describe('a re-entrant limiter', () => {
  it('starts no item inside the start of another', () => {
    const log: string[] = [];
    const limiter = createLimiter<string>(Infinity, (item) => {
      log.push(`${item} starts`);
      if (item === 'a') for (const other of ['b', 'c']) limiter.push(other);
      log.push(`${item} has started`);
    });
    limiter.push('a');
    expect(log).toEqual(['a', 'b', 'c'].flatMap((item) => [`${item} starts`, `${item} has started`]));
  });

  it('does not grow the stack with items that are done at once', () => {
    const count = 100_000;
    const dones: (() => void)[] = [];
    let started = 0;
    const limiter = createLimiter<number>(1, (item, done) => {
      started++;
      if (item === 0) dones.push(done);
      else done();
    });
    for (let item = 0; item < count; item++) limiter.push(item);
    expect(started).toBe(1);
    dones[0]?.();
    expect(started).toBe(count);
  });

  it('lets an item that starts remove another, or clear the queue', () => {
    const started: string[] = [];
    const cleared: string[] = [];
    const limiter = createLimiter<string>(2, (item, done) => {
      started.push(item);
      if (item === 'a') limiter.remove('b');
      if (item === 'c') cleared.push(...limiter.clear());
      if (item !== 'first' && item !== 'second') done();
      else dones.push(done);
    });
    const dones: (() => void)[] = [];
    for (const item of ['first', 'second', 'a', 'b', 'c', 'd', 'e']) limiter.push(item);
    for (const done of dones) done();
    expect(started).toEqual(['first', 'second', 'a', 'c']);
    expect(cleared).toEqual(['d', 'e']);
  });

  it('goes on after a start that throws, once its slot is free', () => {
    const started: string[] = [];
    const limiter = createLimiter<string>(1, (item, done) => {
      started.push(item);
      if (item !== 'bad') return;
      done();
      throw new Error('bad');
    });
    expect(() => limiter.push('bad')).toThrow('bad');
    limiter.push('good');
    expect(started).toEqual(['bad', 'good']);
  });
});
