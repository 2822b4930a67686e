import type { EvictionNode } from './eviction-node';
import { pause } from './eventually';

interface Acknowledged {
  readonly stock: number;
  /** `performance.now()` at which the writer's response arrived. */
  readonly at: number;
}

/** A read that returned less than it had to. */
export interface Behind {
  readonly read: number;
  readonly acknowledged: number;
  /** Milliseconds between the acknowledgement and the start of the read. */
  readonly late: number;
  readonly outcome: string;
}

/** Of those that were behind, as many are remembered. */
const MOST = 5;

/**
 * One writer counts the stock of one product up, and every node is read all the time. A read must return every write that was
 * acknowledged more than `bound` milliseconds before the read began. A write or a read that fails claims nothing.
 */
export class AcknowledgedWrites {
  readonly behind: Behind[] = [];
  reads = 0;
  hits = 0;
  private readonly writes: Acknowledged[] = [];
  private running = true;
  private readonly loops: Promise<void>[];

  private constructor(
    private readonly id: number,
    private readonly bound: number,
    writer: () => EvictionNode,
    readers: readonly (() => EvictionNode)[],
    private stock: number,
  ) {
    this.loops = [this.loop(() => this.write(writer())), ...readers.map((node) => this.loop(() => this.read(node())))];
  }

  /** @param bound milliseconds: 0 in strict mode, `maxLag` in bounded mode */
  static start(
    bound: number,
    writer: () => EvictionNode,
    readers: readonly (() => EvictionNode)[],
    id = 1,
    from = 100_000,
  ): AcknowledgedWrites {
    return new AcknowledgedWrites(id, bound, writer, readers, from);
  }

  /** How many writes were acknowledged. */
  get acknowledged(): number {
    return this.writes.length;
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  private async loop(step: () => Promise<void>): Promise<void> {
    while (this.running) {
      await step().catch(() => pause(5));
      await pause(1);
    }
  }

  private async write(node: EvictionNode): Promise<void> {
    this.stock += 1;
    const { stock } = this;
    await node.write('update()', this.id, stock);
    this.writes.push({ stock, at: performance.now() });
  }

  private async read(node: EvictionNode): Promise<void> {
    const from = performance.now();
    const due = this.writes.findLast(({ at }) => at < from - this.bound);
    const { value, outcome } = await node.read('detail', this.id);
    this.reads += 1;
    if (outcome === 'hit') this.hits += 1;
    const read = Number(/"stock":(\d+),/.exec(value)![1]);
    if (due && read < due.stock && this.behind.length < MOST)
      this.behind.push({ read, acknowledged: due.stock, late: Math.round(from - due.at), outcome });
  }
}
