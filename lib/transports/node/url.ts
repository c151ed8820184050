import type { ParsedUrl } from 'xhr2';

const decodeUserInfo = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/**
 * A url in the form of xhr2. `href` has no user info, which becomes a header. Throws a `TypeError` if the url is not
 * absolute.
 */
export const toParsedUrl = (url: string): ParsedUrl => {
  const { protocol, hostname, port, pathname, search, username, password, origin } = new URL(url);
  const path = pathname + search;
  return {
    protocol,
    hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port,
    path,
    href: origin + path,
    auth: username || password ? `${decodeUserInfo(username)}:${decodeUserInfo(password)}` : null,
  };
};
