import type { CacheEventBus } from '../../caching.events';
import type { RedisClient } from '../redis/client';
import { IncarnationScript } from './incarnation-script';

/** The state of the shared clock when it replied. */
export interface ClockReading {
  readonly epoch: string;
  readonly tick: number;
  readonly floor: number;
}

export interface ClockStamp extends ClockReading {
  readonly tags: readonly string[];
}

/** What was stamped after the tick of the query, oldest first. */
export interface ClockDifference extends ClockReading {
  readonly stamps: readonly (readonly [tag: string, tick: number])[];
  /** Stamps up to and including this tick are all here; less than `tick` when the reply was cut to a page. */
  readonly completeTo: number;
  /** The key of the epoch's pseudonyms. */
  readonly secret?: string;
}

/** How a RedisTagClock speaks with the shared clock. Tests drive it with one that loses and reorders. */
export interface ClockTransport {
  /** Where stamps are published. */
  readonly channel: string;
  stamp(tags: readonly string[]): Promise<ClockReading>;
  since(epoch: string, tick: number): Promise<ClockDifference>;
  renew(): Promise<ClockReading>;
  /** Stamps as they are published: unordered, lossy, late. */
  onStamp(listener: (stamp: ClockStamp) => void): void;
  /** Called whenever a connection was (re)made, with its subscription already in place. */
  onConnect(listener: () => void): void;
}

/** Tags in one stamp; more are stamped in several. Keeps one script short and `completeTo` always progressing. */
const MAX_TAGS_PER_STAMP = 500;
const PAGE = 5_000;

export function inBatches(tags: readonly string[]): string[][] {
  const batches: string[][] = [];
  for (let i = 0; i < tags.length; i += MAX_TAGS_PER_STAMP) batches.push(tags.slice(i, i + MAX_TAGS_PER_STAMP));
  return batches;
}

export class RedisClockTransport implements ClockTransport {
  private readonly script: IncarnationScript;
  readonly channel: string;

  constructor(
    private readonly link: RedisClient,
    prefix: string,
    private readonly maxTags: number,
    private readonly events: CacheEventBus,
  ) {
    // The braces are a Redis Cluster hash tag: whatever the clock keeps is in one slot, on one server.
    this.script = new IncarnationScript(link, `{${prefix}}:clock`);
    this.channel = `{${prefix}}:stamps`;
  }

  async stamp(tags: readonly string[]): Promise<ClockReading> {
    return reading(await this.script.run('stamp', [this.channel, String(this.maxTags), ...tags]));
  }

  async since(epoch: string, tick: number): Promise<ClockDifference> {
    const reply = await this.script.run('since', [epoch, String(tick), String(PAGE)]);
    const at = reading(reply);
    const flat = reply[3] as string[];
    const stamps: [string, number][] = [];
    for (let i = 0; i < flat.length; i += 2) stamps.push([flat[i]!.slice(2), Number(flat[i + 1])]);
    // A full page may have been cut in the middle of one tick; the ticks before that one are whole.
    const completeTo = stamps.length < PAGE ? at.tick : stamps.at(-1)![1] - 1;
    return { ...at, stamps, completeTo, secret: String(reply[4]) };
  }

  /** Where the clock stands, without what was stamped. */
  async read(): Promise<ClockReading> {
    return reading(await this.script.run('read', []));
  }

  async renew(): Promise<ClockReading> {
    return reading(await this.script.run('renew', [this.channel]));
  }

  onStamp(listener: (stamp: ClockStamp) => void): void {
    this.link.subscribe(this.channel, (message) => {
      const stamp = parseStamp(message);
      if (stamp) listener(stamp);
      else this.events.emit('foreign', 'message', this.channel);
    });
  }

  onConnect(listener: () => void): void {
    this.link.onUp(listener);
  }
}

function reading(reply: unknown[]): ClockReading {
  return { epoch: String(reply[0]), tick: Number(reply[1]), floor: Number(reply[2]) };
}

/** Characters of the longest stamp that is read; a node that misses one queries the difference. */
const MESSAGE_LIMIT = 1 << 20;

/** Any program may publish on the channel. Undefined: not a stamp. */
function parseStamp(message: string): ClockStamp | undefined {
  const [epoch, tick, floor, tags = [], ...rest] = parseList(message);
  if (typeof epoch !== 'string' || !isTick(tick) || !isTick(floor) || floor > tick || rest.length > 0) return undefined;
  return isTags(tags) ? { epoch, tick, floor, tags } : undefined;
}

function parseList(message: string): unknown[] {
  if (message.length > MESSAGE_LIMIT) return [];
  try {
    const list: unknown = JSON.parse(message);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

function isTick(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTags(tags: unknown): tags is readonly string[] {
  return Array.isArray(tags) && tags.length <= MAX_TAGS_PER_STAMP && tags.every((tag) => typeof tag === 'string');
}
