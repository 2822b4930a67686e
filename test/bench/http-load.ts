import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';

const SECONDS = Number(process.env.SECONDS ?? 3);
/** Clock ticks a second of /proc/PID/stat; fixed on Linux. */
const TICKS = 100;

export interface Load {
  perSecond: number;
  /** Microseconds of processor time, user and system, that the server took for one request. */
  cpu: number;
}

/** Gives a server the first core. */
export function pin(pid: number): void {
  execFileSync('taskset', ['-acp', '0', String(pid)]);
}

/** Node's bare http server with this answer, in a process of its own. */
export async function startRaw(body: string): Promise<{ url: string; pid: number; stop: () => void }> {
  const script = `
    const body = Buffer.from(process.env.BODY);
    const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length };
    const server = require('http').createServer((request, response) => response.writeHead(200, headers).end(body));
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', script], { env: { BODY: body }, stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = child.pid ?? 0;
  pin(pid);
  return { url: `http://127.0.0.1:${port.toString().trim()}/`, pid, stop: () => child.kill() };
}

/** 32 connections from the second core for a few seconds, after a short warm-up. @throws Error when answers were not good */
export async function load(url: string, pid: number, headers: Record<string, string> = {}): Promise<Load> {
  await wrk(url, headers, 0.5);
  const before = cpuSeconds(pid);
  const requests = await wrk(url, headers, SECONDS);
  return { perSecond: requests / SECONDS, cpu: ((cpuSeconds(pid) - before) / requests) * 1e6 };
}

async function wrk(url: string, headers: Record<string, string>, seconds: number): Promise<number> {
  const flags = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const args = ['-c', '1', 'wrk', '-t1', '-c32', `-d${Math.max(1, Math.round(seconds))}s`, ...flags, url];
  const { stdout } = await promisify(execFile)('taskset', args);
  if (/Non-2xx/.test(stdout) && !('if-none-match' in headers)) throw new Error(`${url}: ${stdout}`);
  return Number(/(\d+) requests in/.exec(stdout)?.[1]);
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** A row a case, ratios to the first. */
export function table(cases: readonly { name: string; goal?: string }[], runs: readonly Load[][]): string {
  const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
  const of = (index: number, key: keyof Load): number => median((runs[index] ?? []).map((run) => run[key]));
  const rows = cases.map(({ name, goal = '' }, index) => {
    const speed = of(index, 'perSecond');
    const cpu = of(index, 'cpu');
    const ratios = [(speed / of(0, 'perSecond')).toFixed(2), (of(0, 'cpu') / cpu).toFixed(2)];
    return `| ${[name.padEnd(30), String(Math.round(speed)).padStart(7), ratios[0], cpu.toFixed(1).padStart(7), ratios[1], goal].join(' | ')} |`;
  });
  const head = '| case | requests/s | ratio | cpu µs/request | ratio | goal |\n| --- | --- | --- | --- | --- | --- |';
  return [head, ...rows].join('\n');
}
