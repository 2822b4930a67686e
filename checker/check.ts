import { pause } from '../test/support/eventually';
import { randomFrom } from '../test/support/random';
import { Cluster } from './cluster';
import { Deck } from './faults/deck';
import type { Violation } from './history';
import { Reader } from './reader';
import { Writer } from './writer';
import { pickOne } from './written';

export interface CheckOptions {
  seconds: number;
  nodes: number;
  mode: 'strict' | 'bounded';
  faults: boolean;
  /** Only faults whose name has one of these in it; empty: all. */
  only: string[];
  seed: number;
  preload: string[];
}

export interface Report {
  seed: number;
  writes: number;
  /** Acknowledged ones, by what they came: a route, TypeORM, or another program. */
  roads: Record<string, number>;
  /** Writes without a response, so that no reader may rely on them. */
  uncertain: number;
  reads: number;
  failedReads: number;
  observations: number;
  /** How often each kind struck. */
  faults: Record<string, number>;
  /** Processes that ended by themselves. */
  deaths: string[];
  stale: number;
  staleMs: { p50: number; p99: number; max: number };
  violations: Violation[];
}

const MAX_LAG = 1_000;
const WRITERS = 3;
const READERS = 6;

/**
 * Concurrent writers by all roads, readers of everything on all nodes, faults at random; every response is held against the
 * history of acknowledged writes. Strict: none may be behind. Bounded: none by more than CACHE_MAX_LAG.
 */
export async function checkFreshness(options: CheckOptions): Promise<Report> {
  const random = randomFrom(options.seed);
  const cluster = await Cluster.start({ ...options, maxLag: MAX_LAG });
  try {
    const writers: Writer[] = [];
    for (let i = 0; i < WRITERS; i += 1) writers.push(await Writer.start(cluster, `w${i}`, MAX_LAG, random));
    const readers = Array.from({ length: READERS }, () => new Reader(cluster, random));
    const allowed = options.mode === 'strict' ? 0 : MAX_LAG;
    const judge = (): void => writers.forEach(({ history, settledAt }) => history.judge(settledAt, allowed));

    const until = performance.now() + options.seconds * 1_000;
    let failed = false;
    const running = (): boolean => performance.now() < until && !failed;
    const faults: Record<string, number> = {};
    const deck = new Deck(random, options.only);
    const work = [
      ...writers.map((writer) =>
        repeat(
          running,
          () => writer.write(),
          () => random() * 20,
        ),
      ),
      ...readers.map((reader) =>
        repeat(
          running,
          () => reader.read(pickOne(writers, random)),
          () => random() * 4,
        ),
      ),
      repeat(
        running,
        () => Promise.resolve(judge()),
        () => 1_000,
      ),
      ...(options.faults ? [breakThings(running, cluster, random, deck, faults)] : []),
    ];
    await Promise.all(work).finally(async () => {
      failed = true;
      await Promise.allSettled(work);
    });
    judge();
    const found = report(options.seed, writers, readers);
    for (const violation of found.violations) violation.faults = cluster.notedBefore(violation.sentAt);
    return { ...found, faults, deaths: cluster.deaths };
  } finally {
    await cluster.stop();
  }
}

async function breakThings(
  running: () => boolean,
  cluster: Cluster,
  random: () => number,
  deck: Deck,
  counts: Record<string, number>,
): Promise<void> {
  await pause(1_000);
  while (running()) {
    const { name, strike } = deck.draw();
    cluster.note(`fault begins: ${name}`);
    await strike(cluster, random).catch((cause: unknown) => {
      throw new Error(`the checker could not strike: ${name}`, { cause });
    });
    cluster.note(`fault ended: ${name}`);
    counts[name] = (counts[name] ?? 0) + 1;
    await pause(500 + random() * 1_500);
  }
}

async function repeat(running: () => boolean, work: () => Promise<void>, between: () => number): Promise<void> {
  while (running()) {
    await work();
    await pause(between());
  }
}

function report(seed: number, writers: Writer[], readers: Reader[]): Omit<Report, 'faults' | 'deaths'> {
  const staleness = writers.flatMap(({ history }) => history.staleness).sort((a, b) => a - b);
  const stale = staleness.filter((ms) => ms > 0);
  const at = (share: number): number => stale[Math.min(stale.length - 1, Math.floor(stale.length * share))] ?? 0;
  const sum = <T>(list: T[], of: (item: T) => number): number => list.reduce((total, item) => total + of(item), 0);
  return {
    seed,
    writes: sum(writers, ({ writes }) => writes),
    roads: {
      api: sum(writers, ({ roads }) => roads.api),
      typeorm: sum(writers, ({ roads }) => roads.typeorm),
      outside: sum(writers, ({ roads }) => roads.outside),
    },
    uncertain: sum(writers, ({ uncertain }) => uncertain),
    reads: sum(readers, ({ reads }) => reads),
    failedReads: sum(readers, ({ failed }) => failed),
    observations: staleness.length,
    stale: stale.length,
    staleMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
    violations: writers.flatMap(({ history }) => history.violations),
  };
}
