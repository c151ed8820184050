/** A point that others wait at until the test lets them pass. */
export interface Barrier {
  readonly passed: Promise<void>;
  open(): void;
}

export const createBarrier = (): Barrier => {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
};

/** Resolves once it has been hit `count` times. */
export const createCounter = (count: number): { readonly reached: Promise<void>; hit(): void } => {
  const barrier = createBarrier();
  let hits = 0;
  return {
    reached: barrier.passed,
    hit: () => {
      hits++;
      if (hits === count) barrier.open();
    },
  };
};
