/** Those who stand in line for one of a number of places. */
export interface Line<T> {
  /** Lets `item` start when a place is free: in this same tick, if one is. */
  join(item: T): void;
  /** Steps out of the line; nothing for one that has started. */
  leave(item: T): void;
  /** Empties the line; those who have started keep their places. */
  clear(): Iterable<T>;
}

/**
 * A line before `places`, in the order of arrival. `start` is called with each item in its turn and gives the place back through `done`, once;
 * never from within another `start`, so that a line whose items are done at once does not grow the stack. No step walks along the line.
 */
export const createLine = <T>(places: number, start: (item: T, done: () => void) => void): Line<T> => {
  let line = new Set<T>();
  // One iterator for all: each new one would walk over the gaps that others have left.
  let arrivals = line.values();
  let free = places;
  let isMoving = false;

  const move = (): void => {
    if (isMoving) return;
    isMoving = true;
    try {
      while (free > 0 && line.size > 0) {
        // There is one: the line is not empty, and those who leave it are passed over.
        const item = arrivals.next().value as T;
        line.delete(item);
        free--;
        let isDone = false;
        start(item, () => {
          if (isDone) return;
          isDone = true;
          free++;
          move();
        });
      }
    } finally {
      isMoving = false;
    }
  };

  return {
    join: (item) => {
      line.add(item);
      move();
    },
    leave: (item) => {
      line.delete(item);
    },
    clear: () => {
      const cleared = line;
      line = new Set();
      arrivals = line.values();
      return cleared;
    },
  };
};
