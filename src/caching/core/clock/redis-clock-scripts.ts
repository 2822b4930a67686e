import { type RedisScript, redisScript } from '../redis/script';

/**
 * The clock is one sorted set. Its heads have scores at or below zero, tags above: so no tag can pass for a head,
 * the heads are always ranks 0 to 2, and `ZRANGEBYSCORE (n +inf` yields tags only.
 *
 *     -inf    epoch:<incarnation>:<secret>:<incarnation>-<nonce>
 *     -tick   tick
 *     -floor  floor
 *     stamp   t:<tag>            one for each of the newest tags
 *
 * Law 7: an epoch belongs to one incarnation of one server: one run of its process. A replica that was promoted, or a
 * server that came back from an old snapshot, may have lost stamps *and since then reused their ticks*, so comparing
 * ticks cannot reveal the loss. `IncarnationScript` finds out where a script runs, without INFO, which a minimal ACL
 * user may not call. A missing key begins a new epoch too, and so does a tick behind what the caller has already seen.
 * `allow-oom`: a full Redis must still be able to invalidate.
 *
 * The secret is the key of users' pseudonyms in this epoch (`Pseudonyms`). It is never published.
 *
 * The epoch's own name begins with the incarnation. So every reply says which server gave it, and nodes that use two servers
 * learn that from PostgreSQL (`ClockMembership`), even where one was the other's replica and took its keys along.
 *
 * ARGV of every operation: operation, `secret:nonce` of an epoch that this call begins, the incarnation that this call may
 * replace (empty: none). A head of any other incarnation is left alone and its incarnation is the whole reply.
 */
const clock = (incarnation: string): string => `#!lua flags=allow-oom
local key = KEYS[1]
local mine = 'epoch:${incarnation}:'
local head = redis.call('ZRANGE', key, 0, 0)[1]
local function renew()
  local secret, nonce = string.match(ARGV[2], '^(.*):(.*)$')
  redis.call('DEL', key)
  head = mine .. secret .. ':${incarnation}-' .. nonce
  redis.call('ZADD', key, '-inf', head, 0, 'tick', 0, 'floor')
end
if not head then
  renew()
elseif string.sub(head, 1, #mine) ~= mine then
  local other = string.match(head, '^epoch:(%w+):') or ''
  if other ~= ARGV[3] then return { other } end
  renew()
end
local function epoch() return string.match(head, '[^:]*$') end
local function secret() return string.match(head, '^([^:]*):', #mine + 1) or '' end
local function read(name) return -tonumber(redis.call('ZSCORE', key, name)) end
local operations = {}

-- channel, tag limit, tags… → [epoch, tick, floor]; publishes [epoch, tick, floor, tags] as JSON.
function operations.stamp(channel, limit, ...)
  local tags = { ... }
  local tick = -tonumber(redis.call('ZINCRBY', key, -1, 'tick'))
  for _, tag in ipairs(tags) do redis.call('ZADD', key, tick, 't:' .. tag) end
  local excess = redis.call('ZCARD', key) - 3 - tonumber(limit)
  if excess > 0 then
    local last = redis.call('ZRANGE', key, 2 + excess, 2 + excess, 'WITHSCORES')[2]
    redis.call('ZREMRANGEBYSCORE', key, '(0', last)
    redis.call('ZADD', key, -tonumber(last), 'floor')
  end
  local floor = read('floor')
  redis.call('PUBLISH', channel, cjson.encode({ epoch(), tick, floor, tags }))
  return { epoch(), tick, floor }
end

-- epoch, tick, page size → [epoch, tick, floor, [t:tag, stamp, …] stamped after tick, oldest first, secret].
function operations.since(known, tick, page)
  local after = tonumber(tick)
  if known == epoch() and after > read('tick') then renew() end
  if known ~= epoch() then after = 0 end
  local stamps = redis.call('ZRANGEBYSCORE', key, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, page)
  return { epoch(), read('tick'), read('floor'), stamps, secret() }
end

-- → [epoch, tick, floor].
function operations.read()
  return { epoch(), read('tick'), read('floor') }
end

-- channel → [epoch, 0, 0]. Everything older is dead.
function operations.renew(channel)
  renew()
  redis.call('PUBLISH', channel, cjson.encode({ epoch(), 0, 0 }))
  return { epoch(), 0, 0 }
end

return operations[ARGV[1]](unpack(ARGV, 4))
`;

/** The clock's script for one incarnation of the server: its SHA is known to that incarnation and no other. */
export function clockScript(incarnation: string): RedisScript {
  return redisScript(clock(incarnation));
}

/** The incarnation that gave `epoch`. */
export function clockOf(epoch: string): string {
  return epoch.split('-', 1)[0]!;
}

/** The incarnation an epoch's head belongs to; undefined: no head of this version. */
export function incarnationOf(head: string | undefined): string | undefined {
  return /^epoch:(\w+):/.exec(head ?? '')?.[1];
}
