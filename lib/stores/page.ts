/**
 * Whether this is a page or a worker of a browser. Servers have Web Locks (from Node 24 on) and a `Storage` (from Node
 * 26 on, and in Deno) as well.
 */
export const isPage = (): boolean => !!globalThis.document || 'WorkerGlobalScope' in globalThis;
