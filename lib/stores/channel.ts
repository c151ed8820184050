import { Observable } from 'rxjs';

/** Sends `message` to the other pages that have subscribed to this channel. */
export const announce = (name: string, message: unknown): void => {
  try {
    const channel = new BroadcastChannel(name);
    channel.postMessage(message);
    channel.close();
  } catch {
    // Without a channel, the other pages look when they need to.
  }
};

/** The messages of the other pages; none if there is no channel. */
export const announced$ = (name: string): Observable<unknown> =>
  new Observable((subscriber) => {
    try {
      const channel: BroadcastChannel & { unref?(): void } = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => subscriber.next(data);
      // Node would stay alive for it.
      channel.unref?.();
      return () => channel.close();
    } catch {
      return undefined;
    }
  });
