import { Observable } from 'rxjs';
import type { RedisClient } from './client';

/** A client in subscriber mode. */
interface SubscriberClient {
  readonly isOpen?: boolean;
  on(event: string, listener: () => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channel: string, listener: (message: string, channel: string) => void): Promise<unknown>;
  destroy(): unknown;
  /** A cluster has none. */
  unref?(): void;
}

/** Emitted when messages may have been missed: a subscription has begun, or the connection is back. */
export const MISSED = Symbol('missed');

/** Emitted when the connection breaks. */
export const BROKEN = Symbol('broken');

export type Message = string | typeof MISSED | typeof BROKEN;
type Listener = (message: Message) => void;

/** After how long a connection that was given up is made again. */
const REOPEN_MS = 1_000;

const destroy = async (client: SubscriberClient): Promise<void> => {
  try {
    await client.destroy(); // Sentinel returns a promise
  } catch {
    // It was not open.
  }
};

/**
 * The one connection of a client that subscribes, for all channels of all its stores. Open while a channel is used, and
 * not after the caller has closed the client.
 */
class Subscriptions {
  readonly #channels = new Map<string, { readonly listeners: Set<Listener>; begun: Promise<unknown> }>();
  /** Those whose SUBSCRIBE has failed: the client forgets it, and subscribes to the others when it reconnects. */
  readonly #failed = new Set<string>();
  #connection: { readonly client: SubscriberClient; readonly connected: Promise<unknown> } | undefined;
  #reopening: ReturnType<typeof setTimeout> | undefined;
  /** Whether the caller has closed the client. */
  #isSuspended = false;

  constructor(readonly duplicate: () => SubscriberClient) {}

  add(name: string, listener: Listener): () => void {
    const channel = this.#channels.get(name) ?? { listeners: new Set(), begun: this.#subscribe(name) };
    this.#channels.set(name, channel);
    channel.listeners.add(listener);
    const notify = (): void => {
      if (channel.listeners.has(listener)) listener(MISSED);
    };
    channel.begun.then(notify, () => {});
    return () => {
      channel.listeners.delete(listener);
      if (channel.listeners.size === 0) this.#remove(name);
    };
  }

  #remove(name: string): void {
    this.#channels.delete(name);
    this.#failed.delete(name);
    if (this.#channels.size === 0) this.#close();
    else this.#connection?.client.unsubscribe(name, this.#onMessage).catch(() => {});
  }

  /** A connection that is lost, or one of a cluster, would keep the process alive. */
  suspend(): void {
    this.#isSuspended = true;
    this.#close();
  }

  /** The caller has connected the client again. */
  resume(): void {
    this.#isSuspended = false;
    if (!this.#connection) this.#resubscribe();
  }

  #subscribe(name: string): Promise<unknown> {
    if (this.#isSuspended) return new Promise(() => {});
    const { client, connected } = this.#open();
    const begun = connected.then(() => client.subscribe(name, this.#onMessage));
    begun.then(
      () => this.#failed.delete(name),
      () => this.#channels.has(name) && this.#failed.add(name),
    );
    return begun;
  }

  #subscribeAgain(name: string): void {
    const channel = this.#channels.get(name);
    if (!channel) return;
    channel.begun = this.#subscribe(name);
    channel.begun.then(
      () => this.#notify(name),
      () => {},
    );
  }

  /** Re-entrancy: a listener may end its channel. */
  #notify(name: string, message: Message = MISSED): void {
    for (const listener of [...(this.#channels.get(name)?.listeners ?? [])]) listener(message);
  }

  readonly #onMessage = (message: string, name: string): void => {
    for (const listener of this.#channels.get(name)?.listeners ?? []) listener(message);
  };

  #onBack(): void {
    for (const name of this.#failed) this.#subscribeAgain(name);
    for (const name of [...this.#channels.keys()]) this.#notify(name);
  }

  #open() {
    if (this.#connection) return this.#connection;
    const client = this.duplicate();
    const reopen = (): void => {
      if (this.#connection?.client === client)
        for (const name of [...this.#channels.keys()]) this.#notify(name, BROKEN);
      this.#reopenLater(client);
    };
    client.on('error', reopen);
    client.on('end', reopen);
    const connected = Promise.resolve(client.connect());
    const onReady = (): void => {
      if (this.#connection?.client === client) this.#onBack();
      // A client that was connecting again when it was destroyed opens its socket nevertheless.
      else destroy(client);
    };
    // The caller's own connection decides how long the process lives.
    const onConnected = (): void => {
      client.unref?.();
      for (const event of ['ready', 'node-ready']) client.on(event, onReady);
    };
    client.unref?.();
    connected.then(onConnected, reopen);
    this.#connection = { client, connected };
    return this.#connection;
  }

  /** Makes the connection again if its client has given it up. A client that reconnects by itself stays open. */
  #reopenLater(client: SubscriberClient): void {
    if (this.#connection?.client !== client || this.#reopening) return;
    this.#reopening = setTimeout(() => {
      this.#reopening = undefined;
      if (this.#connection?.client !== client || client.isOpen !== false) return;
      this.#connection = undefined;
      this.#resubscribe();
    }, REOPEN_MS);
    this.#reopening.unref();
  }

  #resubscribe(): void {
    for (const name of this.#channels.keys()) this.#subscribeAgain(name);
  }

  #close(): void {
    clearTimeout(this.#reopening);
    this.#reopening = undefined;
    const { client, connected } = this.#connection ?? {};
    this.#connection = undefined;
    if (!client) return;
    destroy(client);
    // A client that was still connecting opens its socket nevertheless.
    const again = () => destroy(client);
    connected?.then(again, again);
  }
}

/** What tells of the caller's connection. */
interface Emitter {
  on?(event: string, listener: () => void): unknown;
}

const createSubscriptions = (client: RedisClient): Subscriptions => {
  // A client duplicates itself as one of its own kind. A WeakMap of clients must not keep its keys alive.
  const reference = new WeakRef(client);
  const subscriptions = new Subscriptions(() => reference.deref()?.duplicate?.() as SubscriberClient);
  const emitter: Emitter = client as object;
  // A cluster says `disconnect`.
  for (const event of ['end', 'disconnect']) emitter.on?.(event, () => subscriptions.suspend());
  emitter.on?.('connect', () => subscriptions.resume());
  return subscriptions;
};

const subscriptionsOf = new WeakMap<RedisClient, Subscriptions>();

/** Calls `listener` as {@link listen$} emits, until the returned function is called. */
export const listen = (client: RedisClient, channel: string, listener: Listener): (() => void) | undefined => {
  if (!client.duplicate) return undefined;
  const subscriptions = subscriptionsOf.get(client) ?? createSubscriptions(client);
  subscriptionsOf.set(client, subscriptions);
  return subscriptions.add(channel, listener);
};

/**
 * Emits the messages of a channel, {@link BROKEN} when it is interrupted, and {@link MISSED} at its begin and after
 * each interruption. Never errors.
 */
export const listen$ = (client: RedisClient, channel: string): Observable<Message> =>
  new Observable((subscriber) => listen(client, channel, (message) => subscriber.next(message)));
