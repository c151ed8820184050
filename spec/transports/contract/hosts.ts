/** The name of the server of the contract (RFC 6761: `test` is no one's). */
export const HOST = 'shop.test';

/** All names of the contract. A platform has to lead each of them to this machine, whatever is on port 53. */
export const HOSTS: readonly string[] = [
  HOST,
  `${HOST}.evil.test`,
  `evil${HOST}`,
  `api.${HOST}`,
  'evil.test',
  'test.test',
  new URL('http://ѕhop.test').hostname,
];
