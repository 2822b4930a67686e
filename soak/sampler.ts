import { once } from 'node:events';
import { connect } from 'node:net';
import { Redis } from 'iovalkey';
import { Client } from 'pg';
import { tokenFor } from '../test/support/client';
import { ask } from '../bench/ask';
import { cpuSeconds } from '../bench/processes';

export interface Sample {
  /** Seconds since the beginning. */
  at: number;
  /** MB, after a garbage collection; with the buffers beside the heap. */
  heap: number;
  rss: number;
  l1: number;
  redis: number;
  handles: number;
  sockets: number;
  descriptors: number;
  /** ms, 99th percentile of the event loop's delay since the last sample. */
  lag: number;
  /** Records that wait in the outbox. */
  outbox: number;
  /** Share of one core that the service has taken since the last sample. */
  cpu: number;
}

interface Vitals {
  heapUsed: number;
  arrayBuffers: number;
  rss: number;
  handles: number;
  sockets: number;
  descriptors: number;
  lag: number;
}

export interface Place {
  url: string;
  pid: number;
  vitalsSocket: string;
  databaseUrl: string;
  redisUrl: string;
}

const MB = 1_000_000;
const ADMIN = tokenFor('soak', 'admin');

/** Looks at a service from inside and outside, every few seconds. */
export class Sampler {
  private cpuBefore: { seconds: number; at: number };

  private constructor(
    private readonly place: Place,
    private readonly database: Client,
    private readonly redis: Redis,
    private readonly began = performance.now(),
  ) {
    this.cpuBefore = { seconds: cpuSeconds(place.pid), at: began };
  }

  static async open(place: Place): Promise<Sampler> {
    const database = new Client({ connectionString: place.databaseUrl });
    const redis = new Redis(place.redisUrl);
    await database.connect();
    return new Sampler(place, database, redis);
  }

  async close(): Promise<void> {
    this.redis.disconnect();
    await this.database.end();
  }

  async sample(): Promise<Sample> {
    const { database, redis, place, began } = this;
    const cpu = this.cpu();
    const vitals = await vitalsOf(place.vitalsSocket);
    const { rows } = await database.query<{ count: string }>('SELECT count(*) FROM cache_outbox');
    const memory = await redis.info('memory');
    const overview = JSON.parse((await ask(place.url, '/api/cache/stats', { token: ADMIN })).text) as {
      l1: { bytes: number };
    };
    return {
      at: (performance.now() - began) / 1_000,
      heap: (vitals.heapUsed + vitals.arrayBuffers) / MB,
      rss: vitals.rss / MB,
      l1: overview.l1.bytes / MB,
      redis: Number(/used_memory:(\d+)/.exec(memory)?.[1]) / MB,
      handles: vitals.handles,
      sockets: vitals.sockets,
      descriptors: vitals.descriptors,
      lag: vitals.lag,
      outbox: Number(rows[0]?.count),
      cpu,
    };
  }

  private cpu(): number {
    const now = { seconds: cpuSeconds(this.place.pid), at: performance.now() };
    const share = ((now.seconds - this.cpuBefore.seconds) / (now.at - this.cpuBefore.at)) * 1_000;
    this.cpuBefore = now;
    return share;
  }
}

async function vitalsOf(path: string): Promise<Vitals> {
  const socket = connect(path);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(socket, 'end');
  return JSON.parse(text) as Vitals;
}
