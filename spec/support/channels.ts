import { vi } from 'vitest';

export interface FakeChannels {
  /** All messages that were sent, in order. */
  readonly messages: unknown[];
  /** The name of each channel that was ever opened. */
  readonly names: string[];
  /** The number of open channels. */
  readonly open: number;
  /** Delivers this to all listeners at once. */
  deliver(data: unknown): void;
}

/** A fake of BroadcastChannel: each message reaches all other channels of that name, 1 ms later and as a copy. */
export const installChannels = (): FakeChannels => {
  const messages: unknown[] = [];
  const names: string[] = [];
  const listeners = new Set<FakeChannel>();
  class FakeChannel {
    onmessage: ((event: { data: unknown }) => void) | null = null;
    constructor(readonly name: string) {
      names.push(name);
      listeners.add(this);
    }
    postMessage(data: unknown): void {
      const copy = structuredClone(data);
      messages.push(copy);
      setTimeout(() => {
        for (const each of listeners) if (each !== this && each.name === this.name) each.onmessage?.({ data: copy });
      }, 1);
    }
    close(): void {
      listeners.delete(this);
    }
  }
  vi.stubGlobal('BroadcastChannel', FakeChannel);
  return {
    messages,
    names,
    get open() {
      return listeners.size;
    },
    deliver: (data) => {
      for (const { onmessage } of listeners) onmessage?.({ data });
    },
  };
};
