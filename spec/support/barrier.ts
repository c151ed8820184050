/** A promise that a test resolves with `open`. */
export interface Barrier {
  readonly opened: Promise<void>;
  open(): void;
}

export const createBarrier = (): Barrier => {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};

/** Counts calls of `add`, and resolves promises at given counts. */
export interface Tally {
  readonly count: number;
  add(): void;
  /** Resolves when `count` is reached; at once if it has been reached already. */
  reached(count: number): Promise<void>;
}

export const createTally = (): Tally => {
  const goals: { readonly count: number; readonly barrier: Barrier }[] = [];
  let total = 0;
  return {
    get count() {
      return total;
    },
    add: () => {
      total++;
      for (const { count, barrier } of goals) if (total >= count) barrier.open();
    },
    reached: (count) => {
      const barrier = createBarrier();
      if (total >= count) barrier.open();
      else goals.push({ count, barrier });
      return barrier.opened;
    },
  };
};

/** A point at which several callers wait until the test releases them, one by one or all at once. */
export interface Gate<T> {
  /** Waits with `item` until the test releases it. */
  wait(item: T): Promise<void>;
  /** Resolves once `wait` has been called `count` times, whether or not the callers were released. */
  arrived(count: number): Promise<void>;
  /** Releases the waiting items that match. Without `matches`: all waiting items, and every later one. */
  open(matches?: (item: T) => boolean): void;
}

export const createGate = <T>(): Gate<T> => {
  const arrivals = createTally();
  let waiting: { readonly item: T; readonly barrier: Barrier }[] = [];
  let isOpen = false;
  return {
    wait: (item) => {
      const barrier = createBarrier();
      if (isOpen) barrier.open();
      else waiting.push({ item, barrier });
      arrivals.add();
      return barrier.opened;
    },
    arrived: arrivals.reached,
    open: (matches) => {
      if (!matches) isOpen = true;
      const leaving = waiting.filter(({ item }) => !matches || matches(item));
      waiting = waiting.filter((entry) => !leaving.includes(entry));
      for (const { barrier } of leaving) barrier.open();
    },
  };
};
