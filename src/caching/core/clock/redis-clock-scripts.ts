import { redisScript } from '../redis/script';

/**
 * The clock is one sorted set. Its heads have scores at or below zero, tags above: so no tag can pass for a head,
 * the heads are always ranks 0 to 2, and `ZRANGEBYSCORE (n +inf` yields tags only.
 *
 *     -inf    epoch:<run_id of the server>:<nonce>
 *     -tick   tick
 *     -floor  floor
 *     stamp   t:<tag>            one for each of the newest tags
 *
 * Law 7: an epoch belongs to one life of one server. A replica that was promoted, or a server that came back from
 * an old snapshot, may have lost stamps *and since then reused their ticks*, so comparing ticks cannot tell; but its
 * run_id is another one, and whichever script runs there first begins a new epoch. So does a missing key, and a tick
 * behind what the caller has already seen. `allow-oom`: a full Redis must still be able to evict.
 */
const OPEN = `#!lua flags=allow-oom
local key = KEYS[1]
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local mine = 'epoch:' .. run .. ':'
local head = redis.call('ZRANGE', key, 0, 0)[1]
local function renew()
  redis.call('DEL', key)
  head = mine .. ARGV[1]
  redis.call('ZADD', key, '-inf', head, 0, 'tick', 0, 'floor')
end
if not head or string.sub(head, 1, #mine) ~= mine then renew() end
local function epoch() return string.sub(head, #mine + 1) end
local function read(name) return -tonumber(redis.call('ZSCORE', key, name)) end
`;

/** ARGV: nonce, channel, tag limit, tags… → [epoch, tick, floor]; publishes [epoch, tick, floor, tags] as JSON. */
const STAMP = `${OPEN}
local tick = -tonumber(redis.call('ZINCRBY', key, -1, 'tick'))
local tags = {}
for i = 4, #ARGV do
  tags[i - 3] = ARGV[i]
  redis.call('ZADD', key, tick, 't:' .. ARGV[i])
end
local excess = redis.call('ZCARD', key) - 3 - tonumber(ARGV[3])
if excess > 0 then
  local last = redis.call('ZRANGE', key, 2 + excess, 2 + excess, 'WITHSCORES')[2]
  redis.call('ZREMRANGEBYSCORE', key, '(0', last)
  redis.call('ZADD', key, -tonumber(last), 'floor')
end
local floor = read('floor')
redis.call('PUBLISH', ARGV[2], cjson.encode({ epoch(), tick, floor, tags }))
return { epoch(), tick, floor }
`;

/** ARGV: nonce, epoch, tick, page size → [epoch, tick, floor, [t:tag, stamp, …] stamped after tick, oldest first]. */
const SINCE = `${OPEN}
local after = tonumber(ARGV[3])
if ARGV[2] == epoch() and after > read('tick') then renew() end
if ARGV[2] ~= epoch() then after = 0 end
local stamps = redis.call('ZRANGEBYSCORE', key, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[4])
return { epoch(), read('tick'), read('floor'), stamps }
`;

/** ARGV: nonce, channel → [epoch, 0, 0]. Everything older is dead. */
const RENEW = `${OPEN}
renew()
redis.call('PUBLISH', ARGV[2], cjson.encode({ epoch(), 0, 0 }))
return { epoch(), 0, 0 }
`;

export const CLOCK_SCRIPTS = {
  stamp: redisScript(STAMP),
  since: redisScript(SINCE),
  renew: redisScript(RENEW),
} as const;
