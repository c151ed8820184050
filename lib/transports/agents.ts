/**
 * Agents of `node:http` and `node:https`, or objects with their interface: for proxies, unix sockets, custom
 * certificates. Typed loosely, because projects for browsers, which have no types of Node, read the declarations too.
 */
export interface Agents {
  readonly http?: object | undefined;
  readonly https?: object | undefined;
}
