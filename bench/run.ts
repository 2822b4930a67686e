import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Lab } from './lab';
import { facts } from './machine';
import { CLIENT_CORE, pin } from './processes';
import { PROFILES, type Profile } from './profile';
import { Progress } from './progress';
import { clock, count } from './report/format';
import { asMarkdown, type Preamble } from './report/markdown';
import { fillReadme } from './report/readme';
import type { Section } from './report/section';
import { asSvg } from './report/svg';
import { asTerminal } from './report/terminal';
import { parseOptions } from '../src/cli/parse-options';
import { findServers, type Servers } from './servers';
import type { Step } from './step';
import { steps } from './steps';

const USAGE = 'npm run bench -- [--quick] [--only seed,throughput] [--out folder]';
const CHARTS = 'bench';
/** Where a whole run goes: what the repository keeps, and the README quotes. */
const KEPT = 'docs';

interface Options {
  profile: Profile;
  chosen: Step[];
  /** Folder for benchmarks.md and its charts; undefined: nothing is written. */
  out: string | undefined;
  command: string;
}

async function main(): Promise<void> {
  const options = parse(process.argv.slice(2));
  const servers = await findServers();
  pin(process.pid, CLIENT_CORE);
  let lab = new Lab(servers.catalogues, servers.redisUrl);
  const close = async (): Promise<void> => {
    await lab.close();
    await servers.close();
  };
  // On Ctrl-C too: services and databases of the step under way would stay behind.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void close().finally(() => process.exit(130)));
  try {
    await measure(options, servers, () => (lab = new Lab(servers.catalogues, servers.redisUrl)));
  } finally {
    await close();
  }
}

async function measure({ profile, chosen, out, command }: Options, servers: Servers, open: () => Lab): Promise<void> {
  const progress = new Progress();
  const sections: Section[] = [];
  const took: string[] = [];
  for (const [index, step] of chosen.entries()) {
    progress.begin(index + 1, chosen.length, step.title);
    const began = progress.seconds;
    const lab = open();
    try {
      const section = await step.run({ profile, lab, progress: progress.show });
      sections.push(section);
      progress.clear();
      console.log(asTerminal(section));
    } finally {
      await lab.close();
    }
    took.push(`${step.name} ${clock(progress.seconds - began)}`);
  }
  const duration = `${clock(progress.seconds)} minutes: ${took.join(', ')}`;
  console.log(`\n${command}: ${duration}.`);
  if (out === undefined) return;
  const place = await facts(servers.postgresUrl, servers.redisUrl);
  await write(out, sections, { command, facts: [...place, ['profile', describe(profile)], ['took', duration]] });
}

async function write(out: string, sections: Section[], preamble: Preamble): Promise<void> {
  await mkdir(join(out, CHARTS), { recursive: true });
  const markdown = asMarkdown('Benchmarks', preamble, sections, CHARTS);
  await writeFile(join(out, 'benchmarks.md'), markdown);
  const charts = sections.flatMap((section) => section.charts);
  await Promise.all(charts.map((chart) => writeFile(join(out, CHARTS, `${chart.name}.svg`), asSvg(chart))));
  if (out === KEPT) await writeFile('README.md', fillReadme(await readFile('README.md', 'utf8'), markdown));
  console.log(`Written: ${join(out, 'benchmarks.md')} and ${charts.length} charts in ${join(out, CHARTS)}.`);
}

function describe({ name, rows, rounds, seconds }: Profile): string {
  return `${name}: ${count(rows)} products, medians of ${rounds} interleaved rounds of ${seconds} s`;
}

/** A whole, full run is the one that the repository keeps; others are written where `--out` says. */
function parse(args: string[]): Options {
  const values = read();
  const profile = PROFILES[values.tiny ? 'tiny' : values.quick ? 'quick' : 'full'];
  const usual = steps.filter(({ inDepth }) => profile.name !== 'quick' || !inDepth);
  const names = values.only?.split(',') ?? usual.map(({ name }) => name);
  const unknown = names.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    throw new RangeError(`--only knows ${steps.map(({ name }) => name).join(', ')}; not ${unknown.join(', ')}`);
  }
  const whole = profile.name === 'full' && values.only === undefined;
  return {
    profile,
    chosen: steps.filter(({ name }) => names.includes(name)),
    out: values.out ?? (whole ? KEPT : undefined),
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
  };
}

function read(): { quick: boolean; tiny: boolean; only?: string; out?: string } {
  const flag = { type: 'boolean', default: false } as const;
  const text = { type: 'string' } as const;
  return parseOptions(USAGE, { quick: flag, tiny: flag, only: text, out: text });
}

main().catch((error: Error) => {
  console.error(error instanceof RangeError ? error.message : error.stack);
  process.exitCode = 1;
});
