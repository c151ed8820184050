import { Observable } from 'rxjs';
import { attempt } from './attempt';

/** Sends `message` to the other pages that have subscribed to this channel; without one, they look when they need to. */
export const announce = (name: string, message: unknown): void => {
  attempt(() => {
    const channel = new BroadcastChannel(name);
    channel.postMessage(message);
    channel.close();
  });
};

/** The messages of the other pages; none if there is no channel. */
export const announced$ = (name: string): Observable<unknown> =>
  new Observable((subscriber) =>
    attempt(() => {
      const channel: BroadcastChannel & { unref?(): void } = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => subscriber.next(data);
      // Node would stay alive for it.
      channel.unref?.();
      return () => channel.close();
    }),
  );
