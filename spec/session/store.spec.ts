import { setImmediate } from 'node:timers/promises';
import type { TokenStore, Tokens } from 'renewal';
import { describe, expect, it, vi } from 'vitest';
import { createOwnStore, createStorePort } from '../../lib/session/store';
import { stopClock } from '../support/clock';

const tokens = (number: number, sessionId = 's'): Tokens => ({
  accessToken: `T${number}`,
  refreshToken: `R${number}`,
  sessionId,
});

/** A port over a store that others may write to, with what it warned of. */
const createPort = (store: Partial<TokenStore> = {}) => {
  const shelf = createOwnStore();
  const warnings: string[] = [];
  const port = createStorePort({ ...shelf, ...store }, (what, error) => {
    warnings.push(`${what}: ${error === undefined ? 'no answer' : Object(error).message}`);
    return undefined;
  });
  const news = (): unknown[] => {
    const seen: unknown[] = [];
    port.news$.subscribe((each) => seen.push(each));
    return seen;
  };
  return { port, shelf, warnings, news };
};

describe('what the store holds', () => {
  it('is news where someone else has written it, once', () => {
    const { shelf, news } = createPort();
    expect(news()).toEqual([undefined]);
    shelf.save(tokens(1));
    expect(news()).toEqual([tokens(1)]);
  });

  it('is news as long as no one has taken it over', () => {
    const { port, shelf, news } = createPort();
    shelf.save(tokens(1));
    news();
    expect(news()).toEqual([tokens(1)]);
    port.own(tokens(1));
    expect(news()).toEqual([undefined]);
  });

  it('is news where one of the two tokens is', () => {
    const { port, shelf, news } = createPort();
    port.write(tokens(1));
    shelf.save({ ...tokens(1), accessToken: 'T2' });
    expect(news()).toHaveLength(1);
    expect(news()[0]).toMatchObject({ accessToken: 'T2' });
    shelf.save({ ...tokens(1), refreshToken: 'R2' });
    expect(news()[0]).toMatchObject({ refreshToken: 'R2' });
  });

  it('is no news where this session has written it, or had it before', () => {
    const { port, shelf, news } = createPort();
    port.write(tokens(1));
    expect(news()).toEqual([undefined]);
    port.write(tokens(2));
    shelf.save(tokens(1));
    expect(news()).toEqual([undefined]);
  });

  it('is no news where a write of this session has left half of it', () => {
    const { port, shelf, news } = createPort();
    port.write(tokens(1));
    port.write(tokens(2));
    shelf.save({ ...tokens(1), refreshToken: 'R2' });
    expect(news()).toEqual([undefined]);
  });

  it('has been cleared by someone else where this session has written it', () => {
    const { port, shelf, news } = createPort();
    port.write(tokens(1));
    shelf.clear();
    expect(news()).toEqual([null]);
    expect(news()).toEqual([undefined]);
  });

  it('has been cleared by no one where the write of this session had failed', () => {
    const { port, news } = createPort({
      save: () => {
        throw new Error('full');
      },
    });
    port.write(tokens(1));
    expect(news()).toEqual([undefined]);
  });

  it('has been cleared by someone else where it had been read before', () => {
    const { shelf, news } = createPort();
    shelf.save(tokens(1));
    news();
    shelf.clear();
    // Nothing was written by this session: its last write has not succeeded.
    expect(news()).toEqual([null]);
  });

  it('remembers the hundred newest tokens, which is fifty pairs', () => {
    const { port, shelf, news } = createPort();
    for (let number = 0; number < 51; number++) port.own(tokens(number));
    shelf.save(tokens(1));
    expect(news()).toEqual([undefined]);
    shelf.save(tokens(0));
    expect(news()).toEqual([tokens(0)]);
  });

  it('keeps a token that is still used among the newest', () => {
    const { port, shelf, news } = createPort();
    for (let number = 0; number < 50; number++) port.own(tokens(number));
    port.own(tokens(0));
    port.own(tokens(50));
    shelf.save(tokens(0));
    expect(news()).toEqual([undefined]);
    shelf.save(tokens(1));
    expect(news()).toEqual([tokens(1)]);
  });

  it('is what the sign-in was to replace, where its write failed before anything had been read', () => {
    const { port, shelf, news } = createPort({
      save: () => {
        throw new Error('full');
      },
    });
    shelf.save(tokens(1, 'old'));
    port.write(tokens(2));
    expect(news()).toEqual([undefined]);
    expect(news()).toEqual([undefined]);
    shelf.save(tokens(3));
    expect(news()).toEqual([tokens(3)]);
  });

  it('is a warning where it throws or is malformed', () => {
    const { shelf, news, warnings } = createPort();
    shelf.save({ accessToken: '', sessionId: '' });
    expect(news()).toEqual([undefined]);
    expect(warnings).toEqual(['load: store: accessToken: expected a string of printable ASCII']);
  });

  it('is asked for once where it does not answer', async () => {
    const answers: ((found: Tokens) => void)[] = [];
    const load = () => new Promise<Tokens>((resolve) => answers.push(resolve));
    const { news } = createPort({ load });
    const first = news();
    expect(news()).toEqual([undefined]);
    expect(answers).toHaveLength(1);
    answers[0]?.(tokens(1));
    await setImmediate();
    expect(first).toEqual([tokens(1)]);
    news();
    expect(answers).toHaveLength(2);
  });

  it('may be read again after it has thrown', () => {
    let isBroken = true;
    const { news, warnings } = createPort({
      load: () => {
        if (isBroken) throw new Error('locked');
        return tokens(1);
      },
    });
    expect(news()).toEqual([undefined]);
    isBroken = false;
    expect(news()).toEqual([tokens(1)]);
    expect(warnings).toEqual(['load: locked']);
  });

  it('says nothing where a write has begun, or ended, since it was asked for', async () => {
    const answers: ((found: Tokens) => void)[] = [];
    const { port, news } = createPort({ load: () => new Promise((resolve) => answers.push(resolve)) });
    const seen = news();
    port.write(tokens(2));
    answers[0]?.(tokens(1));
    await setImmediate();
    expect(seen).toEqual([undefined]);
  });

  it('says nothing while a write is under way', () => {
    const { port, news } = createPort({ load: () => tokens(1), save: () => new Promise(() => {}) });
    port.write(tokens(2));
    expect(news()).toEqual([undefined]);
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
    port.write(null);
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

  it('are a warning where they throw, and the next one goes on', () => {
    const { port, shelf, warnings } = createPort({
      save: () => {
        throw new Error('full');
      },
    });
    let isDone = false;
    port.write(tokens(1)).subscribe(() => {
      isDone = true;
    });
    expect(isDone).toBe(true);
    expect(warnings).toEqual(['write: full']);
    shelf.save(tokens(2));
    port.write(null);
    expect(shelf.load()).toBeNull();
  });

  it('are given up for those who wait after 5 s', () => {
    stopClock();
    const { port, warnings } = createPort({ save: () => new Promise(() => {}) });
    let isDone = false;
    port.write(tokens(1)).subscribe(() => {
      isDone = true;
    });
    vi.advanceTimersByTime(4_999);
    expect([isDone, warnings]).toEqual([false, []]);
    vi.advanceTimersByTime(1);
    expect([isDone, warnings]).toEqual([true, ['write: no answer']]);
  });

  it('count as done only where the last one is', async () => {
    const ends: (() => void)[] = [];
    const { port, shelf, news } = createPort({
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
    expect(news()).toEqual([null]);
  });
});
