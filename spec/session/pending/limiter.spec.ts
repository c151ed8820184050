import { describe, expect, it } from 'vitest';
import { createLimiter } from '../../../lib/session/pending/limiter';

/** A limiter whose items note when they start, and are done when the test says so. */
const createNoted = (places: number) => {
  const started: string[] = [];
  const done = new Map<string, () => void>();
  const limiter = createLimiter<string>(places, (item, finish) => {
    started.push(item);
    done.set(item, finish);
  });
  const join = (...items: string[]) => items.forEach(limiter.push);
  const finish = (item: string) => done.get(item)?.();
  return { limiter, started, join, finish };
};

describe('a limiter', () => {
  it('lets start, in the same tick, as many as there are places', () => {
    const { join, started } = createNoted(2);
    join('a');
    expect(started).toEqual(['a']);
    join('b', 'c', 'd');
    expect(started).toEqual(['a', 'b']);
  });

  it('lets the others start in the order they came, as places are given back', () => {
    const { join, finish, started } = createNoted(2);
    join('a', 'b', 'c', 'd', 'e');
    finish('b');
    expect(started).toEqual(['a', 'b', 'c']);
    finish('a');
    finish('c');
    expect(started).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('lets all start at once where the places are without number', () => {
    const { join, started } = createNoted(Infinity);
    const items = Array.from({ length: 1000 }, (_, index) => `${index}`);
    join(...items);
    expect(started).toEqual(items);
  });

  it('takes a place back once, however often its owner is done', () => {
    const { join, finish, started } = createNoted(1);
    join('a', 'b', 'c');
    finish('a');
    finish('a');
    expect(started).toEqual(['a', 'b']);
  });

  it('keeps places that no one wants for those who come later', () => {
    const { join, finish, started } = createNoted(2);
    join('a', 'b');
    finish('a');
    finish('b');
    join('c', 'd', 'e');
    expect(started).toEqual(['a', 'b', 'c', 'd']);
  });

  it('never starts a removed item, and keeps the slot of one that has started', () => {
    const { limiter, join, finish, started } = createNoted(1);
    join('a', 'b', 'c', 'd');
    for (const item of ['a', 'b', 'd', 'never came']) limiter.remove(item);
    expect(started).toEqual(['a']);
    finish('a');
    finish('c');
    join('e');
    expect(started).toEqual(['a', 'c', 'e']);
  });

  it('puts one who comes back at its end', () => {
    const { limiter, join, finish, started } = createNoted(1);
    join('a', 'b', 'c');
    limiter.remove('b');
    join('b');
    finish('a');
    finish('c');
    expect(started).toEqual(['a', 'c', 'b']);
  });

  it('returns its queued items in order on clear; started items keep their slots', () => {
    const { limiter, join, finish, started } = createNoted(1);
    join('a', 'b', 'c');
    expect([...limiter.clear()]).toEqual(['b', 'c']);
    expect([...limiter.clear()]).toEqual([]);
    join('d');
    expect(started).toEqual(['a']);
    finish('a');
    expect(started).toEqual(['a', 'd']);
  });

  it('goes on with those who come while it is being emptied', () => {
    const { limiter, join, finish, started } = createNoted(1);
    join('a', 'b');
    for (const item of limiter.clear()) join(`${item} again`);
    finish('a');
    expect(started).toEqual(['a', 'b again']);
  });
});

describe('a limiter whose items come and go from inside one another', () => {
  it('starts none from within the start of another', () => {
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

  it('lets one who starts send another out of the limiter, or empty it', () => {
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

  it('goes on after a start that throws, whose place is given back by its done', () => {
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
