/**
 * Agents of `node:http` and `node:https`, or others with their interface: for proxies, unix sockets, certificates of one's own. Typed so loosely
 * because the declarations are read by browsers' projects too, which know no types of Node.
 */
export interface Agents {
  readonly http?: object | undefined;
  readonly https?: object | undefined;
}
