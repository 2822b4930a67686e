import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { untilUp } from './child';
import { needed } from './needs';
import { freePort } from './redis-server';

interface Sample {
  metric: Record<string, string>;
  value: [at: number, value: string];
}

/** A Prometheus of the test's own, which scrapes each second. */
export class Prometheus {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  /** @param target host:port @param rules a file of rules */
  static async start(target: string, rules: string): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'strata-prometheus-'));
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [{ job_name: 'strata', static_configs: [{ targets: [target] }] }],
    };
    writeFileSync(join(folder, 'prometheus.yml'), stringify(config));
    const address = `127.0.0.1:${await freePort()}`;
    const args = [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${address}`,
    ];
    needed('prometheus');
    const child = spawn('prometheus', [...args, '--log.level=error'], { cwd: folder, stdio: 'pipe' });
    const server = new Prometheus(`http://${address}`, child, folder);
    await untilUp(child, async () => (await fetch(`${server.url}/-/ready`)).ok);
    return server;
  }

  /** @throws Error with what is wrong with the expression */
  async query(expression: string): Promise<Sample[]> {
    const answer = await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { status, error, data } = (await answer.json()) as {
      status: string;
      error?: string;
      data: { result: Sample[] };
    };
    if (status !== 'success') throw new Error(`${error}: ${expression}`);
    return data.result;
  }

  async stop(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
