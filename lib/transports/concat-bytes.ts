/** The chunks as one buffer of `size` bytes. */
export const concatBytes = (chunks: readonly Uint8Array[], size: number): ArrayBuffer => {
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all.buffer;
};
