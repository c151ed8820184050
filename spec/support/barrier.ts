/** A point that others wait at until the test lets them pass. */
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

/** Counts what happens, for those who wait until it has happened often enough. */
export interface Tally {
  readonly count: number;
  add(): void;
  /** Resolves once there have been `count`, at once where there have been already. */
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

/** A barrier that many arrive at, and that lets them pass one by one or all at once. */
export interface Gate<T> {
  /** Resolves when the test lets `item` pass. */
  wait(item: T): Promise<void>;
  /** Resolves once `count` have come, whether they have passed or not. */
  arrived(count: number): Promise<void>;
  /** Lets those pass that wait and match. Without `matches`: all that wait, and whoever comes later. */
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
