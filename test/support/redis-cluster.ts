import type { Certificate } from './certificate';
import { eventually } from './eventually';
import { RedisServer } from './redis-server';

const SLOTS = 16_384;

/** A cluster of real redis-server processes: three masters, each with a third of the slots. */
export class RedisCluster {
  private constructor(readonly servers: readonly RedisServer[]) {}

  /** `host:port,…` of all of them. */
  get hosts(): string {
    return this.servers.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  static async start(certificate?: Certificate): Promise<RedisCluster> {
    const args = [
      '--cluster-enabled',
      'yes',
      '--cluster-node-timeout',
      '1000',
      '--cluster-require-full-coverage',
      'no',
      ...(certificate ? ['--tls-cluster', 'yes'] : []),
    ];
    const servers = await Promise.all([0, 1, 2].map(() => RedisServer.secured(certificate, ...args)));
    const share = Math.ceil(SLOTS / servers.length);
    for (const [i, server] of servers.entries()) {
      const last = Math.min((i + 1) * share, SLOTS) - 1;
      await server.command('CLUSTER', 'ADDSLOTSRANGE', String(i * share), String(last));
      await server.command('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
      await servers[0]!.command('CLUSTER', 'MEET', '127.0.0.1', String(server.port));
    }
    const agree = async (server: RedisServer): Promise<boolean> => {
      const info = await server.command<string>('CLUSTER', 'INFO');
      return info.includes('cluster_state:ok') && info.includes(`cluster_slots_assigned:${SLOTS}`);
    };
    await eventually(async () => (await Promise.all(servers.map(agree))).every(Boolean));
    return new RedisCluster(servers);
  }

  get url(): string {
    return `redis+cluster://${this.hosts}`;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}
