/**
 * The Lua behind the Redis Streams adapter. Every script takes the same four keys:
 * stream, delayed (sorted set by due time), dead (stream), and works on Redis' own clock.
 *
 * An entry has the fields k(ey) b(ody) a(ttempts used before this entry) e(nqueued at) r(eason of the last retry).
 * Its attempt number is `a` plus how often the group delivered it, which Redis counts itself. One that somebody else put
 * there and lacks them goes the way of what cannot be read: it must not stop the script, and with it the queue.
 */
const prelude = `
local stream, delayed, dead = KEYS[1], KEYS[2], KEYS[3]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function put(k, b, a, e, r)
  return redis.call('XADD', stream, '*', 'k', k, 'b', b, 'a', a, 'e', e, 'r', r)
end
local function later(due, uid, k, b, a, e, r)
  redis.call('ZADD', delayed, due, cjson.encode({uid, k, b, tostring(a), tostring(e), r}))
end
local function inter(k, b, a, e, r)
  redis.call('XADD', dead, '*', 'k', k, 'b', b, 'a', a, 'e', e, 'r', r, 't', string.format('%.0f', now))
end
local function fields(list)
  local f = {k = '', b = '', e = string.format('%.0f', now), r = ''}
  for i = 1, #list, 2 do f[list[i]] = list[i + 1] end
  if not tonumber(f.a) then f.a = '0' end
  return f
end
`;

/** ARGV: uid, then (key, body, delayMs) for each message. */
export const enqueueScript = `${prelude}
for i = 2, #ARGV, 3 do
  local wait = tonumber(ARGV[i + 2])
  local e = string.format('%.0f', now)
  if wait > 0 then later(now + wait, ARGV[1] .. ':' .. i, ARGV[i], ARGV[i + 1], 0, e, '')
  else put(ARGV[i], ARGV[i + 1], 0, e, '') end
end
return (#ARGV - 1) / 3
`;

/**
 * ARGV: group, consumer, max, leaseMs, maxAttempts, astrayMs, then the ids that this process knows it holds.
 * Moves what is due into the stream, takes what is ours without our knowing (the answer was lost on its way, so
 * nobody has begun), takes over lapsed leases (burying what used up its attempts), then reads new entries. Answers [[id, key, body, a, deliveries] …] and the ms until something is due (-1: nothing).
 * The group starts at 0, so it sees what was sent before it existed, and is made again after a FLUSHALL.
 */
export const takeScript = `${prelude}
local group, me, max, lease, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local due = redis.call('ZRANGE', delayed, '-inf', now, 'BYSCORE', 'LIMIT', 0, 256)
for _, member in ipairs(due) do
  local isOurs, m = pcall(cjson.decode, member)
  if isOurs and type(m) == 'table' and #m == 6 then put(m[2], m[3], m[4], m[5], m[6])
  else put('', member, 0, string.format('%.0f', now), '') end
  redis.call('ZREM', delayed, member)
end
local out, held = {}, {}
for i = 7, #ARGV do held[ARGV[i]] = true end
local mine = redis.pcall('XPENDING', stream, group, 'IDLE', ARGV[6], '-', '+', max + #ARGV, me)
for _, p in ipairs(mine.err and {} or mine) do
  local entry = p[3] < lease and not held[p[1]] and #out < max and redis.call('XRANGE', stream, p[1], p[1])[1]
  if entry then
    local f = fields(entry[2])
    redis.call('XCLAIM', stream, group, me, 0, p[1], 'IDLE', 0, 'JUSTID')
    out[#out + 1] = {p[1], f.k, f.b, f.a, p[4]}
  end
end
local lapsed = redis.pcall('XPENDING', stream, group, 'IDLE', lease, '-', '+', max - #out)
if lapsed.err then
  redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
  lapsed = {}
end
for _, p in ipairs(lapsed) do
  local id, owner, count = p[1], p[2], p[4]
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if not entry then
    redis.call('XACK', stream, group, id)
  else
    local f = fields(entry[2])
    local used = tonumber(f.a) + count
    if used >= limit then
      inter(f.k, f.b, used, f.e, 'the lease lapsed on attempt ' .. used .. ' of ' .. limit .. ': its worker stopped or hung')
      redis.call('XACK', stream, group, id)
      redis.call('XDEL', stream, id)
    elseif #redis.call('XCLAIM', stream, group, me, lease, id) > 0 then
      out[#out + 1] = {id, f.k, f.b, f.a, count + 1}
    end
  end
end
if #out < max then
  local read = redis.call('XREADGROUP', 'GROUP', group, me, 'COUNT', max - #out, 'STREAMS', stream, '>')
  if read then
    for _, entry in ipairs(read[1][2]) do
      local f = fields(entry[2])
      out[#out + 1] = {entry[1], f.k, f.b, f.a, 1}
    end
  end
end
local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')
local nextDue = -1
if first[2] then nextDue = math.max(0, tonumber(first[2]) - now) end
return {out, nextDue}
`;

/**
 * ARGV: group, consumer, id, deliveries, verb, then for retry: delayMs, attempts used, reason, uid; for bury: attempts, reason.
 * Owner and delivery count are compared first: whoever lost the lease, even to itself, changes nothing.
 */
export const settleScript = `${prelude}
local group, me, id, count, verb = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local p = redis.pcall('XPENDING', stream, group, id, id, 1)
if p.err or not p[1] or p[1][2] ~= me or p[1][4] ~= count then return 0 end
if verb == 'extend' then
  redis.call('XCLAIM', stream, group, me, 0, id, 'IDLE', 0, 'JUSTID')
  return 1
end
if verb ~= 'ack' then
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if entry then
    local f = fields(entry[2])
    if verb == 'bury' then inter(f.k, f.b, ARGV[6], f.e, ARGV[7])
    elseif tonumber(ARGV[6]) > 0 then later(now + tonumber(ARGV[6]), ARGV[9], f.k, f.b, ARGV[7], f.e, ARGV[8])
    else put(f.k, f.b, ARGV[7], f.e, ARGV[8]) end
  end
end
redis.call('XACK', stream, group, id)
redis.call('XDEL', stream, id)
return 1
`;

/** ARGV: dead ids. Attempts start again at 0. */
export const redriveScript = `${prelude}
local moved = 0
for _, id in ipairs(ARGV) do
  local entry = redis.call('XRANGE', dead, id, id)[1]
  if entry then
    local f = fields(entry[2])
    put(f.k, f.b, 0, f.e, '')
    redis.call('XDEL', dead, id)
    moved = moved + 1
  end
end
return moved
`;

/** ARGV: group. Ready is what the stream holds and nobody has: settled entries leave the stream at once. */
export const statsScript = `${prelude}
local pending = redis.pcall('XPENDING', stream, ARGV[1])
local leased = 0
if not pending.err then leased = pending[1] end
return {redis.call('XLEN', stream) - leased, redis.call('ZCARD', delayed), leased, redis.call('XLEN', dead)}
`;

/**
 * ARGV: group, consumer, idleMs. Forgets our own consumer and those of processes long gone, but never one that
 * holds entries: XGROUP DELCONSUMER would drop them from the pending list and nobody would get them again.
 */
export const tidyScript = `${prelude}
local all = redis.pcall('XINFO', 'CONSUMERS', stream, ARGV[1])
if all.err then return 0 end
local gone = 0
for _, info in ipairs(all) do
  local f = fields(info)
  if f.pending == 0 and (f.name == ARGV[2] or f.idle > tonumber(ARGV[3])) then
    redis.call('XGROUP', 'DELCONSUMER', stream, ARGV[1], f.name)
    gone = gone + 1
  end
end
return gone
`;
