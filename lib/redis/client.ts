/** What the store uses of a client, with the options of one command. */
interface Commands {
  get(key: string): Promise<unknown>;
  set(
    key: string,
    value: string,
    options: { condition: 'NX'; expiration: { type: 'PX'; value: number } },
  ): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/**
 * A client of the `redis` package, version 5 or later, that is connected: of one server, of a cluster or of Sentinel.
 * The caller makes it, listens to its `error` events and closes it.
 */
export interface RedisClient extends Commands {
  withCommandOptions(options: { abortSignal: AbortSignal; typeMapping: Record<never, never> }): unknown;
  /**
   * Makes the client for subscriptions. A pool has no such method, nor has Sentinel before version 6: their stores
   * learn of changes by reading only.
   */
  duplicate?(): unknown;
}

/** How long a command may take. The queue of a client without a connection counts too. */
export const COMMAND_TIMEOUT_MS = 1_000;

/** A timer that fires later than this has waited for the process, and says nothing about Redis. */
const MAX_DELAY_MS = 100;

/** A failure of a store, named. The messages quote no value. */
export class StoreError extends Error {
  /** @param name - What has failed, for the warning of the session. */
  constructor(
    override readonly name: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * A failure of the client or of Redis, under the first word of the reply (`OOM`), its code (`ECONNRESET`) or its class.
 * A message of Redis may quote the arguments of the command.
 */
const toStoreError = (error: unknown): StoreError => {
  if (error instanceof StoreError) return error;
  const [code] = /^[A-Z]{2,}(?= |$)/.exec(Object(error).message) ?? [];
  const name = [code, Object(error).code, Object(error).constructor?.name].find((each) => typeof each === 'string');
  return new StoreError(name ?? 'Error', `Redis: ${name}`);
};

/** A command that was given to the client. */
export interface Sent<T> {
  /** Settles at the latest at the deadline. */
  readonly reply: Promise<T>;
  /** Resolves when the client has settled the command, with the reply if there was one; maybe never. */
  readonly settled: Promise<{ readonly reply?: T }>;
}

/** Gives a command to the client. A command that the client has not written at the deadline is never written. */
export const send = <T>(
  client: RedisClient,
  command: (commands: Commands) => Promise<T>,
  timeoutMs = COMMAND_TIMEOUT_MS,
): Sent<T> => {
  const abort = new AbortController();
  // The client returns one of its own kind.
  const bound = (): Commands =>
    client.withCommandOptions({ abortSignal: abort.signal, typeMapping: {} }) as unknown as Commands;
  const raw = (async () => command(bound()))();
  const settled = raw.then(
    (reply) => ({ reply }),
    () => ({}),
  );
  const reply = new Promise<T>((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout>;
    const expire = (): void => {
      abort.abort();
      reject(new StoreError('CommandTimeoutError', `Redis: no reply within ${timeoutMs} ms`));
    };
    const wait = (): void => {
      const dueAtMs = performance.now() + timeoutMs;
      timer = setTimeout(() => {
        // After a stop of the process, or of its event loop, timers fire before replies that have arrived are read.
        if (performance.now() > dueAtMs + MAX_DELAY_MS) wait();
        else setImmediate(expire);
      }, timeoutMs);
      timer.unref();
    };
    wait();
    raw.then(resolve, (error) => reject(toStoreError(error))).finally(() => clearTimeout(timer));
  });
  // A caller may wait for `settled` alone.
  reply.catch(() => {});
  return { reply, settled };
};
