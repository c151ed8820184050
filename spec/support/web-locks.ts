/** A fake of the used part of Web Locks: exclusive locks, first come first served, granted in a later turn. */
export interface FakeLocks {
  request(name: string, options: FakeLockOptions, run: (lock: object | null) => unknown): Promise<unknown>;
  query(): Promise<{ readonly held: FakeLockInfo[]; readonly pending: FakeLockInfo[] }>;
  /** The names of the held locks, and of the requested ones. */
  readonly held: string[];
  readonly pending: string[];
  /** All requests so far. */
  readonly requests: { readonly name: string; readonly options: FakeLockOptions }[];
}

export interface FakeLockInfo {
  readonly name: string;
  /** Each request comes from its own client. */
  readonly clientId: string;
}

export interface FakeLockOptions {
  readonly signal?: AbortSignal;
  readonly ifAvailable?: boolean;
  readonly steal?: boolean;
}

interface LockRequest extends FakeLockInfo {
  readonly options: FakeLockOptions;
  grant(lock: object | null): void;
}

export const createLocks = (): FakeLocks => {
  const holders = new Map<string, LockRequest>();
  let waiting: LockRequest[] = [];
  const requests: FakeLocks['requests'] = [];

  const serve = (): void => {
    for (const each of [...waiting]) {
      if (holders.has(each.name)) {
        if (!each.options.ifAvailable) continue;
        waiting = waiting.filter((other) => other !== each);
        each.grant(null);
        continue;
      }
      holders.set(each.name, each);
      waiting = waiting.filter((other) => other !== each);
      each.grant({ name: each.name });
    }
  };
  const namesOf = (all: Iterable<LockRequest>): string[] => Array.from(all, ({ name }) => name);
  const infosOf = (all: Iterable<LockRequest>): FakeLockInfo[] =>
    Array.from(all, ({ name, clientId }) => ({ name, clientId }));

  return {
    requests,
    get held() {
      return namesOf(holders.values());
    },
    get pending() {
      return namesOf(waiting);
    },
    query: async () => ({
      held: infosOf(holders.values()),
      pending: infosOf(waiting),
    }),
    request: (name, options, run) => {
      requests.push({ name, options });
      return new Promise((resolve, reject) => {
        const request: LockRequest = {
          name,
          clientId: `client ${requests.length}`,
          options,
          grant: (lock) => {
            const release = (): void => {
              if (holders.get(name) === request) holders.delete(name);
              serve();
            };
            // The callback runs in its own turn.
            Promise.resolve(lock)
              .then(run)
              .then(resolve, reject)
              .finally(lock ? release : undefined);
          },
        };
        options.signal?.addEventListener('abort', () => {
          if (!waiting.includes(request)) return;
          waiting = waiting.filter((each) => each !== request);
          reject(new DOMException('aborted', 'AbortError'));
        });
        if (options.steal) holders.delete(name);
        waiting.push(request);
        queueMicrotask(serve);
      });
    },
  };
};
