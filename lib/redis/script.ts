import { createHash } from 'node:crypto';
import { COMMAND_TIMEOUT_MS, type RedisClient, type Sent, StoreError, send } from './client';

/**
 * All that has to be atomic, in one script: so one `EVAL` makes all of it known to a server. The first line of a value
 * is the JSON of its session and revision, or of the session that a sign-out has ended.
 *
 * `save` returns 0 for a write that is fenced, since the value in the store has precedence. A sign-in is not, unless it
 * is written `again`: then a later sign-in, or its own sign-out, may have come between. `extend` takes a lock that
 * was deleted again. The order of session ids is that of their bytes, whatever the locale of the server.
 */
const SCRIPT = `
local key, action = KEYS[1], ARGV[1]

local function before(one, other)
  for i = 1, math.min(#one, #other) do
    local a, b = one:byte(i), other:byte(i)
    if a ~= b then return a < b end
  end
  return #one < #other
end

local function head(value)
  local isJson, found = pcall(cjson.decode, value and value:match('^[^\\n]*') or '')
  return isJson and type(found) == 'table' and found or {}
end

local stored = redis.call('GET', key)

if action == 'save' then
  local value, session, revision, channel, message = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
  local isSignIn = revision == 1 and ARGV[7] ~= 'again'
  if stored == value then return 1 end
  local found = head(stored)
  if revision and type(found.session) == 'string' then
    if found.session == session then
      if (tonumber(found.revision) or -1) >= revision then return 0 end
    elseif not isSignIn and before(session, found.session) then
      return 0
    end
  elseif revision and revision > 0 and not isSignIn and type(found.ended) == 'string' and not before(found.ended, session) then
    return 0
  end
  redis.call('SET', key, value)
  redis.pcall('PUBLISH', channel, message)
  return 1
end

if action == 'clear' then
  local session, ttl, channel, message = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
  local found = head(stored)
  local ended = found.session or found.ended
  if type(ended) ~= 'string' or before(ended, session) then ended = session end
  redis.call('SET', key, cjson.encode({ ended = ended }) .. '\\n', 'PX', ttl)
  redis.pcall('PUBLISH', channel, message)
  return 1
end

if action == 'extend' then
  if stored and stored ~= ARGV[2] then return 0 end
  redis.call('SET', key, ARGV[2], 'PX', ARGV[3])
  return 1
end

if action == 'publish' then
  redis.pcall('PUBLISH', ARGV[2], ARGV[3])
  return 1
end

if action == 'release' then
  if stored == ARGV[2] then redis.call('DEL', key) end
  redis.pcall('PUBLISH', ARGV[3], ARGV[4])
  return 1
end
`;

const SHA1 = /* @__PURE__ */ createHash('sha1').update(SCRIPT).digest('hex');

const isUnknownScript = (error: unknown): boolean => /^NOSCRIPT/.test(Object(error).message);

/** Runs the script on one key; by its text if the server does not know it, but not after the deadline. */
export const runScript = (
  client: RedisClient,
  key: string,
  args: readonly (string | number)[],
  timeoutMs = COMMAND_TIMEOUT_MS,
): Sent<unknown> => {
  const options = { keys: [key], arguments: args.map(String) };
  const endsAtMs = performance.now() + timeoutMs;
  return send(
    client,
    (commands) =>
      commands.evalSha(SHA1, options).catch((error: unknown) => {
        if (!isUnknownScript(error)) throw error;
        // A late write could overtake the write after it.
        if (performance.now() >= endsAtMs) throw new StoreError('CommandTimeoutError', 'Redis: a reply came too late');
        return commands.eval(SCRIPT, options);
      }),
    timeoutMs,
  );
};
