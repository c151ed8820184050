import type { Session } from 'renewal';
import { defer, map, Observable, of, retry, switchMap, tap, throwError } from 'rxjs';
import { WebSocket } from 'ws'; // global in browsers, and in Node 22 and later

/** The close code of this server for a dead access token: an application chooses from 4000 to 4999 (RFC 6455). */
const TOKEN_DEAD = 4401;

export class SocketClosedError extends Error {
  constructor(readonly closeCode: number) {
    super(`the server closed the socket with ${closeCode}`);
  }
}

const isTokenDead = (error: unknown): boolean => error instanceof SocketClosedError && error.closeCode === TOKEN_DEAD;

/** Emits the messages of one socket. The token is its first message: a browser sends no header of ours. */
const connect$ = (url: string, token: string): Observable<string> =>
  new Observable((subscriber) => {
    const socket = new WebSocket(url);
    socket.onopen = () => socket.send(JSON.stringify({ token }));
    socket.onmessage = ({ data }) => subscriber.next(`${data}`);
    socket.onerror = () => subscriber.error(new Error('the socket has failed'));
    socket.onclose = ({ code }) =>
      code === 1000 ? subscriber.complete() : subscriber.error(new SocketClosedError(code));
    return () => socket.close();
  });

/**
 * Emits the messages of a socket that is opened again with newer tokens when the server closes it with 4401. Errors
 * with `SocketClosedError` for another code, and if the server closes the next socket with 4401 before any message.
 */
export const messages$ = (session: Session, url: string): Observable<string> =>
  defer(() => {
    let rejected: string | undefined;
    const token$ = defer(() => {
      if (rejected === undefined) return session.accessToken$();
      // Of many sockets with one dead token, the first one starts the refresh. The others get its tokens.
      return session.refresh$({ rejected }).pipe(map(({ accessToken }) => accessToken));
    });
    const setRejected = (token: string) => (error: unknown) => {
      if (isTokenDead(error)) rejected = token;
    };
    return token$.pipe(
      switchMap((token) => connect$(url, token).pipe(tap({ error: setRejected(token) }))),
      retry({
        count: 1,
        resetOnSuccess: true,
        delay: (error) => (isTokenDead(error) ? of(true) : throwError(() => error)),
      }),
    );
  });
