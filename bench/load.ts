import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import autocannon from 'autocannon';
import { canPin, CLIENT_CORE, cpuSeconds, has } from './processes';
import { median } from './statistics';

export const CONNECTIONS = 32;
export const generator = has('wrk') ? 'wrk' : 'autocannon';

export interface Target {
  /** `{n}` in it becomes another number in each request. */
  url: string;
  pid: number;
  headers?: Record<string, string>;
}

export interface Load {
  /** Good responses. */
  perSecond: number;
  /** Share of requests that got no good response: on a machine that is busy with something else, the database may not keep its deadline. */
  failed: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Microseconds of processor time, user and system, that the server took for one request. */
  cpu: number;
}

/** So many times longer is a target loaded that sent no response at all. */
const PATIENCE = 5;

interface Burst {
  requests: number;
  seconds: number;
  p50: number;
  p99: number;
  failed: number;
}

/** Numbers for `{n}`: no request of a run is ever repeated. */
let numbers = 0;

/** Some connections that ask without a pause for some whole seconds. @throws Error when no response was good */
export async function load(target: Target, seconds: number): Promise<Load> {
  const before = cpuSeconds(target.pid);
  numbers += 1_000_000;
  let measured = await burst(target, seconds, numbers);
  // A machine that is busy with something else may not get round to one response.
  if (measured.requests === 0) measured = await burst(target, PATIENCE * seconds, numbers + 500_000);
  const { requests, seconds: took, p50, p99, failed } = measured;
  const good = requests - failed;
  if (!(good > 0)) throw new Error(`${target.url}: ${failed} of ${requests} requests failed`);
  return {
    perSecond: good / took,
    failed: failed / requests,
    p50,
    p99,
    cpu: ((cpuSeconds(target.pid) - before) / requests) * 1e6,
  };
}

/** The medians of several runs, each number for itself. */
export function medians(runs: readonly Load[]): Load {
  const of = (key: keyof Load): number => median(runs.map((run) => run[key]));
  return { perSecond: of('perSecond'), failed: of('failed'), p50: of('p50'), p99: of('p99'), cpu: of('cpu') };
}

const burst = generator === 'wrk' ? withWrk : withAutocannon;

async function withWrk({ url, headers = {} }: Target, seconds: number, first: number): Promise<Burst> {
  const script = join(tmpdir(), `strata-bench-${process.pid}.lua`);
  const flags = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const wrk = ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', ...flags];
  if (url.includes('{n}')) {
    const { pathname, search } = new URL(url);
    const path = decodeURI(pathname + search).replace('{n}', `" .. n .. "`);
    await writeFile(
      script,
      `local n = ${first}\nrequest = function() n = n + 1; return wrk.format(nil, "${path}") end\n`,
    );
    wrk.push('-s', script);
  }
  const [command, ...args] = [...(canPin ? ['taskset', '-c', String(CLIENT_CORE)] : []), ...wrk, new URL(url).href];
  const { stdout } = await promisify(execFile)(command, args).finally(() => rm(script, { force: true }));
  const [, requests, took] = /(\d+) requests in ([\d.]+)s/.exec(stdout) ?? [];
  return {
    requests: Number(requests),
    seconds: Number(took),
    p50: milliseconds(/50%\s+(\S+)/.exec(stdout)?.[1]),
    p99: milliseconds(/99%\s+(\S+)/.exec(stdout)?.[1]),
    failed: Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0),
  };
}

/** wrk writes 812.00us, 3.20ms or 1.01s. */
function milliseconds(text = ''): number {
  const [, value, unit] = /([\d.]+)(us|ms|s)/.exec(text) ?? [];
  return Number(value) * { us: 0.001, ms: 1, s: 1_000 }[unit as 'us' | 'ms' | 's'];
}

async function withAutocannon({ url, headers }: Target, seconds: number, first: number): Promise<Burst> {
  let n = first;
  const { pathname, search, origin } = new URL(url);
  const setupRequest = (request: autocannon.Request): autocannon.Request => ({
    ...request,
    path: decodeURI(pathname + search).replace('{n}', String((n += 1))),
  });
  const result = await autocannon({
    url: origin,
    connections: CONNECTIONS,
    duration: seconds,
    headers,
    requests: [{ setupRequest }],
  });
  const { requests, latency, errors, duration } = result;
  const failed = result['4xx'] + result['5xx'] + errors;
  return { requests: requests.total, seconds: duration, p50: latency.p50, p99: latency.p99, failed };
}
