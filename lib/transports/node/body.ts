/** A body that has to be read before it can be sent. */
export interface BodySource {
  /** Of a form with its boundary; `null` where it has none. */
  readonly type: string | null;
  readonly bytes: Promise<Buffer>;
  /** Ends the reading; `bytes` then hold what has been read. */
  cancel(): void;
}

const isNamed = (body: unknown, ...names: string[]): body is object =>
  names.includes(Object.prototype.toString.call(body).slice(8, -1));

/** Begins to read a form or a blob; nothing where the body is something else. Throws a `TypeError` for a form that is not the platform's own. */
export const readBody = (body: unknown): BodySource | undefined => {
  if (!isNamed(body, 'FormData', 'Blob', 'File')) return undefined;
  // A form of another make would be sent as the text `[object FormData]`.
  if (!(body instanceof FormData || body instanceof Blob)) throw new TypeError('not a form or a blob of this platform');
  const response = new Response(body);
  const reader = response.body?.getReader();
  const read = async (): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) parts.push(part.value);
    return Buffer.concat(parts);
  };
  return {
    type: response.headers.get('content-type'),
    bytes: read(),
    cancel: () => {
      reader?.cancel().catch(() => {});
    },
  };
};
