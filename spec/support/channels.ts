import { vi } from 'vitest';

/** What goes over the channels of a page. */
export interface FakeChannels {
  readonly messages: readonly unknown[];
  /** The names of all that were ever opened. */
  readonly names: readonly string[];
  /** The listeners of those that are open. */
  readonly listeners: ReadonlySet<{ onmessage: ((event: { data: unknown }) => void) | null }>;
}

/** Puts a `BroadcastChannel` in place that delivers a millisecond later. Removed by `vi.unstubAllGlobals`. */
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
      messages.push(data);
      setTimeout(() => {
        for (const each of listeners) if (each !== this && each.name === this.name) each.onmessage?.({ data });
      }, 1);
    }
    close(): void {
      listeners.delete(this);
    }
  }
  vi.stubGlobal('BroadcastChannel', FakeChannel);
  return { messages, names, listeners };
};
