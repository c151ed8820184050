import type { Transport } from 'renewal';

/** Where the server of the contract is. */
export interface Origins {
  readonly host: string;
  readonly port: number;
  /** Of the page, in a browser. */
  readonly own: string;
  /** The same server on another port: another origin. */
  readonly other: string;
  /** No one listens there. */
  readonly gone: string;
}

/** Where platforms truly differ. A statement looks here, and says what is to be expected of each. */
export interface Capabilities {
  /** Whether there is a page: relative urls have something to be relative to, and CORS applies. */
  readonly page: boolean;
  /** Whether `set-cookie` is shown. */
  readonly setCookie: boolean;
  /** Whether it tells how much has been sent. */
  readonly uploadProgress: boolean;
  /** Whether the length of an answer from another origin is known. */
  readonly totalAcrossOrigins: boolean;
  /** What becomes of a body that is a stream: it is sent, or an error with this code says that it can't be. */
  readonly stream: 'sent' | 'request' | 'network';
  /** Whether a url with user info is sent, and whether a redirect to one of another origin is followed. */
  readonly userInfo: { readonly sent: boolean; readonly followed: boolean };
  /** Whether a redirect to a url with a tab in its host is followed: the url standard has such tabs removed. */
  readonly followsTab: boolean;
  /** Whether a GET joins one with the same url and headers that is in flight, and is answered with it. */
  readonly joinsGets: boolean;
  /** Whether a request that is taken back in the same tick never goes out. */
  readonly takesBack: boolean;
  /** Whether a response can be a stream. */
  readonly streamedResponse: boolean;
  /** Whether a request's options for `fetch` count. */
  readonly fetchOptions: boolean;
  /** Whether an error tells what went wrong with the connection, as a code of the system. */
  readonly cause: boolean;
}

/** What a statement is about: one transport, on one platform. */
export interface Context {
  readonly transport: Transport;
  readonly origins: Origins;
  readonly can: Capabilities;
}

/** What holds of every transport on every platform; it uses only what all of them have. */
export interface Statement {
  readonly title: string;
  /** Rejects where it does not hold. */
  readonly run: (context: Context) => Promise<void>;
}

/** A request as the server saw it. */
export interface Hit {
  readonly method: string;
  readonly host: string;
  /** The path and the query, as they were written. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** What `/echo` answers with. */
export interface Echo extends Hit {
  readonly base64: string;
}

/** What `/form` has found: a field, or a file with its bytes in base64. */
export interface Part {
  readonly name: string;
  readonly value: string;
  readonly file?: string;
  readonly type?: string;
}

/** What `/reply` is to answer with. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly text?: string;
  /** How often the text is repeated. */
  readonly times?: number;
  readonly base64?: string;
  readonly zip?: boolean;
  /** Whether its length is kept back. */
  readonly chunked?: boolean;
}
