import { Observable } from 'rxjs';
import { tryOrUndefined } from './try-or-undefined';

/** Sends `message` to the other pages on this channel. Without channels, the other pages read the store at each use. */
export const broadcast = (name: string, message: unknown): void => {
  tryOrUndefined(() => {
    const channel = new BroadcastChannel(name);
    channel.postMessage(message);
    channel.close();
  });
};

/** Emits the messages of the other pages; none if there are no channels. */
export const messages$ = (name: string): Observable<unknown> =>
  new Observable((subscriber) =>
    tryOrUndefined(() => {
      const channel: BroadcastChannel & { unref?(): void } = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => subscriber.next(data);
      // An open channel prevents the exit of a Node process.
      channel.unref?.();
      return () => channel.close();
    }),
  );
