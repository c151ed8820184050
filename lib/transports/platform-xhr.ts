/** The platform's `XMLHttpRequest`, as far as its declarations are there: projects for Node have none without `lib.dom`. */
export type PlatformXHR = typeof globalThis extends { XMLHttpRequest: { prototype: infer XHR } } ? XHR : object;
