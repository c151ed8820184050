import type { ParsedUrl } from 'xhr2';

const decodeUserInfo = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** A url as xhr2 wants it. What it shows of itself has no user info, which goes into a header. Throws a `TypeError` for what is no absolute url. */
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
