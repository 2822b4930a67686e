import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Shelf } from '../bench/hits/shelf';
import { Lab } from '../bench/lab';
import { facts } from '../bench/machine';
import { CLIENT_CORE, pin } from '../bench/processes';
import { Progress } from '../bench/progress';
import { asMarkdown } from '../bench/report/markdown';
import { asSvg } from '../bench/report/svg';
import { asTerminal } from '../bench/report/terminal';
import { findServers, type Servers } from '../bench/servers';
import { parseOptions } from '../src/cli/parse-options';
import { beside } from './beside';
import { report, type Soaked } from './report';
import { type Place, type Sample, Sampler } from './sampler';
import { Traffic } from './traffic';
import { judge } from './verdicts';

const USAGE = `npm run soak -- [--minutes 10] [--out docs] [--seed 1] [--beside folder]

Sends mixed traffic to one service and reports whether memory, sockets or anything else grows.

  --minutes  how long
  --out      folder for the report; from 10 minutes on it is docs by default
  --seed     the same number sends the same requests
  --beside   another checkout, built: compares how much of the mix each takes, for a minute at most`;

const PROBE = join(__dirname, '../test/support/preload/vitals.cjs');
/** Products, and those of a run that is only to show that it runs. */
const ROWS = 10_000;
const FEW = 500;
const SHARE = 0.7;
const L1_MAX_BYTES = '4mb';
/** Seconds between two samples, at most, and how many there are at least. */
const EVERY = 5;
const LEAST = 12;
/** A shorter run, in seconds, shows that it runs; its slopes are noise, and fail no run. */
const CONCLUSIVE = 300;
/** Seconds of a comparison with another checkout, at most. */
const COMPARISON = 60;
/** A whole run is this long, in minutes: what the repository keeps. */
const WHOLE = 10;

async function main(): Promise<void> {
  const options = parse();
  const servers = await findServers();
  pin(process.pid, CLIENT_CORE);
  const lab = new Lab(servers.catalogues, servers.redisUrl);
  const close = async (): Promise<void> => {
    await lab.close();
    await servers.close();
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void close().finally(() => process.exit(130)));
  try {
    if (options.beside !== undefined) {
      const { seed } = options;
      const env = { CACHE_L1_MAX_BYTES: L1_MAX_BYTES, CACHE_TTL: '60s', CACHE_GRACE: '60s' };
      const seconds = Math.min(options.seconds, COMPARISON);
      console.log(asTerminal(await beside(lab, options.beside, { rows: ROWS, env, seconds, seed })));
      return;
    }
    const soaked = await soak(lab, options);
    console.log(asTerminal(report(soaked)));
    if (options.out) await write(options.out, soaked, servers);
    if (failed(soaked)) process.exitCode = 1;
  } finally {
    await close();
  }
}

function failed({ verdicts, traffic, seconds }: Soaked): boolean {
  return traffic.counts.failed > 0 || (seconds >= CONCLUSIVE && verdicts.some(({ trend }) => trend === 'grows'));
}

async function soak(lab: Lab, { seconds, seed }: { seconds: number; seed: number }): Promise<Soaked> {
  const progress = new Progress();
  progress.begin(1, 1, 'Soak');
  // Both tiers must be full, and drop what is old, before the second half begins.
  const ttl = `${Math.max(1, Math.min(60, Math.floor(seconds / 10)))}s`;
  const place = await start(lab, ttl, seconds < CONCLUSIVE ? FEW : ROWS);
  const traffic = new Traffic(place.url, await Shelf.of(place.databaseUrl), seed);
  await traffic.prepare();
  progress.show('measuring the capacity');
  await traffic.flood(Math.min(5, seconds / 10));
  const capacity = await traffic.flood(Math.min(10, seconds / 5));
  const until = performance.now() + seconds * 1_000;
  const running = (): boolean => performance.now() < until;
  const sampler = await Sampler.open(place);
  lab.closeLater(() => sampler.close());
  const paced = traffic.pace(capacity * SHARE, running);
  const samples = await watch(sampler, Math.min(EVERY, seconds / LEAST), running, progress);
  await paced;
  progress.clear();
  const settings = { l1MaxBytes: L1_MAX_BYTES, ttl };
  return { samples, verdicts: judge(samples), capacity, share: SHARE, traffic, seconds, ...settings };
}

async function start(lab: Lab, ttl: string, rows: number): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'strata-soak-'));
  lab.closeLater(() => rm(folder, { recursive: true, force: true }));
  const vitalsSocket = join(folder, 'vitals');
  const databaseUrl = await lab.database(rows);
  await Shelf.clear(databaseUrl);
  const { url, pid } = await lab.strata({
    ...lab.settings(databaseUrl),
    CACHE_L1_MAX_BYTES: L1_MAX_BYTES,
    CACHE_TTL: ttl,
    CACHE_GRACE: ttl,
    NODE_OPTIONS: `--require ${PROBE}`,
    VITALS_SOCKET: vitalsSocket,
  });
  return { url, pid, vitalsSocket, databaseUrl, redisUrl: lab.redisUrl };
}

async function watch(sampler: Sampler, every: number, running: () => boolean, progress: Progress): Promise<Sample[]> {
  const samples: Sample[] = [];
  while (running()) {
    await new Promise((resolve) => setTimeout(resolve, every * 1_000));
    const sample = await sampler.sample();
    samples.push(sample);
    progress.show(
      `heap ${sample.heap.toFixed(1)} MB, RSS ${sample.rss.toFixed(0)} MB, L1 ${sample.l1.toFixed(1)} MB, Redis ${sample.redis.toFixed(1)} MB`,
    );
  }
  return samples;
}

async function write(out: string, soaked: Soaked, { postgresUrl, redisUrl }: Servers): Promise<void> {
  const section = report(soaked);
  const kept = ['date', 'machine', 'Node.js', 'PostgreSQL', 'Redis', 'cores'];
  const place = (await facts(postgresUrl, redisUrl)).filter(([name]) => kept.includes(name));
  await mkdir(join(out, 'bench'), { recursive: true });
  const command = `npm run soak -- --minutes ${soaked.seconds / 60}`;
  await writeFile(join(out, 'soak.md'), asMarkdown('Soak', { command, facts: place }, [section], 'bench'));
  for (const chart of section.charts) await writeFile(join(out, 'bench', `${chart.name}.svg`), asSvg(chart));
  console.log(`Written: ${join(out, 'soak.md')} and its chart.`);
}

function parse(): { seconds: number; seed: number; out: string | undefined; beside: string | undefined } {
  const values = parseOptions(USAGE, {
    minutes: { type: 'string', default: String(WHOLE) },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
    beside: { type: 'string' },
  });
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0) || !Number.isInteger(seed))
    throw new RangeError(`--minutes and --seed must be numbers\n\n${USAGE}`);
  const { beside: other, out = minutes >= WHOLE ? 'docs' : undefined } = values;
  return { seconds: minutes * 60, seed, out, beside: other };
}

main().catch((error: Error) => {
  console.error(error instanceof RangeError ? error.message : error.stack);
  process.exitCode = 1;
});
