/** The platform's `XMLHttpRequest`, if it is declared: projects for Node have no declaration without `lib.dom`. */
export type PlatformXHR = typeof globalThis extends { XMLHttpRequest: { prototype: infer XHR } } ? XHR : object;
