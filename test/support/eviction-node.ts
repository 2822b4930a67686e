import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { CachingOptions } from '../../src/caching';
import { quickStart } from './machine/quick-start';

const MAIN = join(__dirname, 'eviction-node.main.mjs');

export interface NodeSettings {
  database: string;
  /** TypeORM's options, in the place of `database`. */
  connection?: Record<string, unknown>;
  /** Another program on the same table, with rules of its own. @default 'shop' */
  program?: 'shop' | 'office';
  /** As in the environment variable DATABASE_DIRECT_URL. */
  directUrl?: string;
  caching: CachingOptions;
  /** Writers stop between their commit and its eviction, for good. */
  hang?: boolean;
  /** As on an embedded database: one connection, which the drain has to borrow. */
  embedded?: boolean;
  /** As in the environment variable of that name. */
  nodeOptions?: string;
}

export type ReadKind = 'detail' | 'list' | 'watchlist' | 'article';

interface Message {
  id?: number;
  event?: string;
  value?: unknown;
  error?: string;
}

const running = new Set<EvictionNode>();

/** A node in a process of its own (see eviction-node.main.mjs). `stopNodes()` ends them all. */
export class EvictionNode {
  private readonly pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private readonly events = new Map<string, () => void>();
  private last = 0;

  private constructor(readonly child: ChildProcess) {
    child.on('message', (message: Message) => this.hear(message));
    child.on('exit', () => {
      running.delete(this);
      for (const { reject } of this.pending.values()) reject(new Error('the node is gone'));
    });
  }

  static async start(settings: NodeSettings): Promise<EvictionNode> {
    const { args: execArgv, env } = quickStart();
    const child = fork(MAIN, { execArgv, env: { ...env, ...environment(settings) }, stdio: 'pipe' });
    let output = '';
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const node = new EvictionNode(child);
    running.add(node);
    const gone = once(child, 'exit').then(() => Promise.reject(new Error(`the node did not start: ${output}`)));
    await Promise.race([node.event('ready'), gone]);
    gone.catch(() => undefined);
    return node;
  }

  read(kind: ReadKind, argument: number | string = ''): Promise<{ value: string; outcome: string }> {
    return this.call('read', kind, argument);
  }

  /** @returns how long it took in the node, in ms */
  write(road: string, ...args: unknown[]): Promise<number> {
    return this.call('write', road, ...args);
  }

  call<T>(name: string, ...args: unknown[]): Promise<T> {
    const id = (this.last += 1);
    this.child.send({ id, name, args });
    return new Promise<T>((resolve, reject) => this.pending.set(id, { resolve: resolve as never, reject }));
  }

  event(name: string): Promise<void> {
    return new Promise((resolve) => this.events.set(name, resolve));
  }

  async kill(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    const gone = once(this.child, 'exit');
    await this.call('stop').catch(() => undefined);
    await gone;
  }

  private hear({ id, event, value, error }: Message): void {
    if (event !== undefined) this.events.get(event)?.();
    if (id === undefined) return;
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  }
}

export async function stopNodes(): Promise<void> {
  await Promise.all([...running].map((node) => node.stop()));
}

function environment(settings: NodeSettings): NodeJS.ProcessEnv {
  const { nodeOptions = '' } = settings;
  return { PATH: process.env.PATH, NODE_OPTIONS: nodeOptions, NODE_SETTINGS: JSON.stringify(settings) };
}
