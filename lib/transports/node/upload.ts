import type { ClientRequest } from 'node:http';
import { Readable } from 'node:stream';
import { isAnyArrayBuffer, isUint8Array } from 'node:util/types';
import Xhr2 from 'xhr2';
import { isStream } from '../../http/body';
import { UnsendableError } from '../unsendable';

/** The size of one write to the socket if progress is reported. */
const SLICE_BYTES = 64 * 1024;

type Reader = ReadableStreamDefaultReader<unknown>;

/** Resolves when the operating system has taken the bytes, and so at the pace of the network. */
const writeChunk = (request: ClientRequest, part: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => request.write(part, (error) => (error ? reject(error) : resolve())));

/** Ignores a failure: the upload is over. */
const cancel = async (reader: Reader): Promise<void> => {
  try {
    await reader.cancel();
  } catch {}
};

function* sliceBytes(body: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += SLICE_BYTES) yield body.subarray(at, at + SLICE_BYTES);
}

async function* readChunks(reader: Reader): AsyncGenerator<Uint8Array> {
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    if (!isUint8Array(read.value)) throw new TypeError('stream chunks must be Uint8Arrays');
    yield read.value;
  }
}

/** The body of a request: bytes, which are not copied, or a stream, which is read at the pace of the network. */
export class NodeUpload extends Xhr2.XMLHttpRequestUpload {
  #reader: Reader | undefined;
  #isProgressReported = false;

  constructor(readonly xhr: Xhr2 & { fail(cause: unknown): void }) {
    super(xhr);
  }

  /** Whether the body, if there is one, can be sent again. */
  get canReplay(): boolean {
    return !this.#reader;
  }

  get hasBody(): boolean {
    return !!this.#reader || !!this._body?.length;
  }

  /** Adds the headers about the body, if there is one. */
  addHeaders(headers: Record<string, string>): void {
    if (this._contentType) headers['content-type'] ??= this._contentType;
    if (this.#reader) headers['transfer-encoding'] = 'chunked';
    else if (this._body) headers['content-length'] = `${this._body.length}`;
  }

  /**
   * Takes the argument of `send`, and its content type if it has one. Throws an `UnsendableError` if it cannot be sent.
   */
  override _setData(data: unknown, type: string | null = null): void {
    this._contentType = typeof data === 'string' ? 'text/plain;charset=UTF-8' : type;
    if (typeof data === 'string') this._body = Buffer.from(data);
    else if (isAnyArrayBuffer(data)) this._body = Buffer.from(data);
    else if (ArrayBuffer.isView(data)) this._body = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    else if (isStream(data)) this.#reader = readerOf(data);
    else if (data != null) throw new UnsendableError('a body of this kind cannot be sent');
  }

  override _startUpload(request: ClientRequest): void {
    if (this.#reader) this.#send(request, readChunks(this.#reader));
    else if (!this._body) request.end();
    // Without a progress listener, the body is sent together with the headers.
    else if (this.#isProgressReported || !Object.keys(this._listeners).length) request.end(this._body);
    else this.#send(request, sliceBytes(this._body));
  }

  /** Releases the body, and cancels a stream that has not been read to its end. */
  release(): void {
    this._reset();
    if (this.#reader) cancel(this.#reader);
    this.#reader = undefined;
  }

  async #send(request: ClientRequest, parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    const total = this._body?.length;
    let loaded = 0;
    try {
      this.#report('loadstart', loaded, total);
      for await (const part of parts) {
        if (request.destroyed) return;
        await writeChunk(request, part);
        loaded += part.byteLength;
        this.#report('progress', loaded, total);
      }
      if (request.destroyed) return;
      this.#report('load', loaded, total);
      this.#isProgressReported = true;
      request.end();
    } catch (error) {
      // A cancelled request reports no failure.
      if (!request.destroyed) this.xhr.fail(error);
    }
  }

  #report(type: string, loaded: number, total: number | undefined): void {
    const event = new Xhr2.ProgressEvent(type);
    this.dispatchEvent(Object.assign(event, { loaded, total: total ?? 0, lengthComputable: total !== undefined }));
  }
}

const readerOf = (stream: unknown): Reader => {
  // A web stream, by `isStream`. `Readable.isDisturbed` supports web streams too.
  const body = stream as ReadableStream & NodeJS.ReadableStream;
  if (body.locked || Readable.isDisturbed(body))
    throw new UnsendableError('the stream is locked or has been read from');
  return body.getReader();
};
