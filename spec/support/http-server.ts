import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Certificate } from './certificate';
import { listen } from './listen';

/** Responds to a request whose body has arrived. */
export type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

export interface HttpServer {
  readonly origin: string;
  /** Responds to the next requests. */
  answer: Answer;
  close(): Promise<void>;
}

/** A Node server on its own port; with a certificate it speaks TLS. */
export const startHttpServer = async (certificate?: Certificate): Promise<HttpServer> => {
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => started.answer(request, response, Buffer.concat(chunks)));
  };
  const { port, close } = await listen(certificate ? createTlsServer(certificate, listener) : createServer(listener));
  const started: HttpServer = {
    origin: `${certificate ? 'https' : 'http'}://127.0.0.1:${port}`,
    answer: (_request, response) => response.end(),
    close,
  };
  return started;
};

/** Responds with a body, headers and a status. */
export const answering =
  (body: string | Buffer, headers: Record<string, string | string[]> = {}, status = 200): Answer =>
  (_request, response) =>
    response.writeHead(status, headers).end(body);

/** The body of a response of {@link echo}. */
export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number[];
}

/** Responds with the request that has arrived. */
export const echo: Answer = ({ method, url, headers }, response, body) =>
  response.end(JSON.stringify({ method, url, headers, bytes: [...body] }));
