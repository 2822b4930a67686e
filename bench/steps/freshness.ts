import type { Played, Player } from '../hits/player';
import { invite, LONG_TTL, REFERENCE } from '../hits/players';
import { scriptFor } from '../hits/script';
import { count, number } from '../report/format';
import type { Chart, Section, Table } from '../report/section';
import { interleaved } from '../rounds';
import { sum } from '../statistics';
import type { Bench, Step } from '../step';

/** Catalogue SELECTs for 1,000 requests, by writes in a hundred. */
const GOALS: Record<number, number> = { 5: 150, 20: 200 };

export const freshness: Step = { name: 'freshness', title: 'Hits kept under writes', run };

interface Result {
  name: string;
  writes: number;
  hitRatio: number;
  /** Share of the hits of who never evicts. */
  kept: number;
  needless: number;
  /** For 1,000 requests. */
  queries: number;
  statements: number;
  stale: number;
  reads: number;
  perSecond: number;
}

async function run({ profile, lab, progress }: Bench): Promise<Section> {
  progress('starting services');
  const { players, shelf } = await invite(lab, profile.rows);
  const acts = scriptFor(shelf, profile.shares, { ...profile.script, rounds: profile.rounds });
  const results: Result[] = [];
  for (const { writes, warmUp, blocks } of acts) {
    for (const player of players) {
      progress(`${writes} % writes, warming up ${player.name}`);
      await player.warmUp(warmUp);
    }
    const played = await interleaved(players, blocks.length, (player, round) => {
      progress(`${writes} % writes, round ${round + 1}/${blocks.length}, ${player.name}`);
      return player.play(blocks[round]!);
    });
    results.push(...judge(writes, played));
  }
  return report(results, profile.shares, profile.script.requests * profile.rounds);
}

/** A read is stale if its response is not the one of the service without caches at the same place of the same script. */
function judge(writes: number, played: Map<Player, Played[]>): Result[] {
  const all = [...played].map(([{ name }, rounds]) => ({
    name,
    responses: rounds.flatMap(({ responses }) => responses),
    of: (key: Exclude<keyof Played, 'responses'>) => sum(rounds.map((one) => one[key])),
  }));
  const truth = all.find(({ name }) => name === REFERENCE)!.responses;
  const most = all.find(({ name }) => name === LONG_TTL)!.of('hits');
  return all.map(({ name, responses, of }) => {
    const requests = of('reads') + of('writes');
    return {
      name,
      writes,
      hitRatio: of('hits') / of('reads'),
      kept: of('hits') / most,
      needless: of('needless') / of('reads'),
      queries: (of('readStatements') / requests) * 1_000,
      statements: (of('statements') / requests) * 1_000,
      stale: responses.filter((response, index) => response !== truth[index]).length,
      reads: of('reads'),
      perSecond: (requests / of('ms')) * 1_000,
    };
  });
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function report(results: Result[], shares: number[], requests: number): Section {
  const pace = results.filter(({ name }) => name.startsWith('TTL')).map(({ perSecond }) => perSecond);
  return {
    title: 'Hits kept under writes',
    text: [
      `${count(requests)} requests, one at a time and the same for all: 45 % details, 25 % pages, 20 % filters, 7 % featured, 3 % stats, the popular ` +
        "more often (Zipf, s = 1). Of 100 writes 80 are sales (a product's stock, the popular ones more often), 8 prices, 3 moves to another " +
        'category, 4 new products, 3 deleted ones, 2 reprice the 20 of a category. Each begins with caches that have been read from and not yet written to.',
      'A read is stale if its response is not the one that the service without caches gives at the same place of the same requests, every write before it ' +
        'acknowledged. "Kept" are hits as a share of those of a cache that never evicts; a miss is needless if it makes the same response as before. Queries are catalogue SELECTs while something was read, statements ' +
        'all that went to PostgreSQL, writes and eviction included, both for 1,000 requests and counted on the wire.',
      'TTL only is the view cache alone with eviction taken out, as cache_page has it. What a TTL keeps depends on how fast requests come: here ' +
        `${count(Math.min(...pace))} to ${count(Math.max(...pace))} a second. One tag for everything is Strata with every stamp made table:products.`,
    ],
    tables: shares.map((share) => tableOf(share, results)),
    charts: [hitChart(results, shares), staleChart(results, shares)],
  };
}

function tableOf(share: number, results: Result[]): Table {
  return {
    columns: [
      `${share} % writes`,
      'hit ratio',
      'kept',
      'needless misses',
      'queries/1,000',
      'goal',
      'statements/1,000',
      'stale reads',
      'of',
    ],
    rows: results
      .filter(({ writes }) => writes === share)
      .map((one) => [
        one.name,
        percent(one.hitRatio),
        percent(one.kept),
        percent(one.needless),
        number(one.queries),
        one.name === 'Strata' && GOALS[share] !== undefined ? `≤ ${GOALS[share]}` : '',
        number(one.statements),
        count(one.stale),
        count(one.reads),
      ]),
  };
}

function hitChart(results: Result[], shares: number[]): Chart {
  return {
    ...chart(results, shares, ({ hitRatio }) => hitRatio),
    name: 'hits-kept',
    title: 'Hits kept under writes',
    subtitle: 'Reads served from the cache, the same requests for all; more is better',
    format: percent,
  };
}

function staleChart(results: Result[], shares: number[]): Chart {
  return {
    ...chart(results, shares, ({ stale, reads }) => (stale / reads) * 1_000),
    name: 'stale-reads',
    title: 'Stale reads',
    subtitle: 'Of 1,000 reads, how many did not show what the database held; less is better',
    format: number,
  };
}

function chart(
  results: Result[],
  shares: number[],
  valueOf: (one: Result) => number,
): Pick<Chart, 'kind' | 'labels' | 'series'> {
  const names = ['Strata', 'one tag for everything', 'TTL only, 1 s', LONG_TTL];
  return {
    kind: 'bars',
    labels: shares.map((share) => `${share} % writes`),
    series: names.map((name) => ({ name, values: results.filter((one) => one.name === name).map(valueOf) })),
  };
}
