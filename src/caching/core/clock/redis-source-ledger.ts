import { randomUUID } from 'node:crypto';
import { CacheError } from '../../caching.errors';
import type { Time } from '../async/time';
import type { RedisClient } from '../redis/client';
import { redisScript } from '../redis/script';
import {
  type DataChangeListener,
  fingerprintOf,
  isAmiss,
  type SourceClaim,
  type SourceLedger,
  wentBack,
} from './source-ledger';
import type { TagClock } from './tag-clock';

/**
 * One hash beside the clock: `source`, `last_id`, `watch:<tables>` = the identity of those tables, `clock` = the one that was
 * entered last, and for each live node `node:<id>` = `<expiry in ms> <source>`. A program that comes for the first time has no
 * entry yet that a write could have missed.
 *
 * attest: node, source, watch, identity, last id, lifetime in ms → [source of another live node or '', whether source and
 * identity are as they were, last id, number of other live nodes, whether there was a source]; where they are, the last id is
 * moved on. adopt: source, watch, identity, last id: nothing of before counts. leave: node.
 * entered: → [the clock that was entered last, or '']. enter: clock.
 */
const LEDGER = redisScript(`#!lua flags=allow-oom
local key = KEYS[1]
local operations = {}

function operations.attest(node, source, watch, identity, last_id, lifetime)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local fields = redis.call('HGETALL', key)
  local other, others = '', 0
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 5) == 'node:' and fields[i] ~= 'node:' .. node then
      local expiry, theirs = string.match(fields[i + 1], '^(%d+) (.*)$')
      if not expiry or tonumber(expiry) < now then
        redis.call('HDEL', key, fields[i])
      else
        others = others + 1
        if theirs ~= source then other = theirs end
      end
    end
  end
  if other ~= '' then
    redis.call('HDEL', key, 'node:' .. node)
    return { other, 0, '', others, 1 }
  end
  redis.call('HSET', key, 'node:' .. node, string.format('%d %s', now + lifetime, source))
  local known = redis.call('HGET', key, 'watch:' .. watch)
  local known_id = redis.call('HGET', key, 'last_id') or ''
  local known_source = redis.call('HGET', key, 'source')
  local is_same = known_source == source and (not known or known == identity)
  if is_same and not known then redis.call('HSET', key, 'watch:' .. watch, identity) end
  if is_same and last_id ~= '' and (known_id == '' or tonumber(last_id) > tonumber(known_id)) then
    redis.call('HSET', key, 'last_id', last_id)
  end
  return { '', is_same and 1 or 0, known_id, others, known_source and 1 or 0 }
end

function operations.adopt(source, watch, identity, last_id)
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 6) == 'watch:' then redis.call('HDEL', key, fields[i]) end
  end
  redis.call('HSET', key, 'source', source, 'watch:' .. watch, identity, 'last_id', last_id)
  return {}
end

function operations.entered()
  return { redis.call('HGET', key, 'clock') or '' }
end

function operations.enter(clock)
  redis.call('HSET', key, 'clock', clock)
  return {}
end

function operations.leave(node)
  redis.call('HDEL', key, 'node:' .. node)
  return {}
end

return operations[ARGV[1]](unpack(ARGV, 2))
`);

/** Milliseconds for which a node counts as live after its last claim. */
const LIFETIME = 3_000;

/** The ledger that all nodes of one clock share. */
export class RedisSourceLedger implements SourceLedger {
  private readonly node = randomUUID();
  private readonly key: string;
  /** What this node attested last. */
  private known?: { readonly fingerprint: string; readonly lastId: string | null };
  /** `Time.mono()` up to which this node counts as the only one. */
  private aloneUntil = -Infinity;
  private notify: DataChangeListener = () => Promise.resolve();

  constructor(
    private readonly redis: RedisClient,
    prefix: string,
    private readonly clock: TagClock,
    private readonly time: Time,
  ) {
    this.key = `{${prefix}}:source`;
  }

  async enter(clock: string, hasMissed: boolean): Promise<void> {
    const [last] = (await this.run('entered', [])) as [string];
    if (!hasMissed && last === clock) return;
    await this.clock.renew();
    await this.run('enter', [clock]);
  }

  async attest(claim: SourceClaim): Promise<boolean> {
    const { source, watch, identity, lastId, start } = claim;
    const fingerprint = fingerprintOf(claim);
    const sentAt = this.time.mono();
    const args = [this.node, source, watch, identity, lastId ?? '', String(LIFETIME)];
    const reply = (await this.run('attest', args)) as [string, number, string, number, number];
    const [other, isSame, sharedId, others, hadSource] = reply;
    this.aloneUntil = others === 0 ? sentAt + LIFETIME : -Infinity;
    if (other !== '') throw conflict(source, other);
    const { known } = this;
    const hasGoneBack = known !== undefined && wentBack(known.lastId, lastId);
    const isOther = known !== undefined && (known.fingerprint !== fingerprint || hasGoneBack);
    // While other nodes live, they have seen to it that what came was stamped.
    const isAlone = start !== undefined && others === 0;
    const isNew = isSame === 0 || (isAlone && isAmiss(sharedId === '' ? null : sharedId, start));
    if (isNew || hasGoneBack) {
      await this.clock.renew();
      const isRestored = start !== undefined && wentBack(sharedId || null, start.lastId);
      // An empty ledger was lost with the clock: that alone says nothing about the data.
      if (isOther || isRestored || (isSame === 0 && hadSource === 1)) await this.notify();
      await this.run('adopt', [source, watch, identity, lastId ?? '']);
    }
    this.known = { fingerprint, lastId };
    return isOther;
  }

  onDataChange(listener: DataChangeListener): void {
    this.notify = listener;
  }

  isAlone(): boolean {
    return this.time.mono() < this.aloneUntil;
  }

  async leave(): Promise<void> {
    await this.run('leave', [this.node]).catch(() => undefined);
  }

  private run(operation: string, args: string[]): Promise<unknown> {
    return this.redis.script(LEDGER, this.key, [operation, ...args]);
  }
}

function conflict(source: string, other: string): CacheError {
  return new CacheError(
    'CACHE_SOURCE_CONFLICT',
    `This process uses ${source}, and live processes with the same CACHE_PREFIX and REDIS_URL use ${other}: each would read ` +
      "the other's values. Give each database its own CACHE_PREFIX, or stop the other processes.",
  );
}
