import type { CacheStack } from '../../core/cache-stack';
import type { Instant, StampInstant } from '../../core/clock/tag-clock';
import type { RowsDefinition } from '../../core/rows/rows-definition';
import type { Loaded } from '../../core/store/entry';
import type { RowImage } from '../capture/evicts-tags.decorator';
import type { TakenRecord } from './outbox';

/**
 * Stamped by a batch that was cut short, and by the first whole one after it. Of a transaction that was cut in two, the
 * second half says nothing of the first.
 */
const SPLIT = '@drain:split';
const WHOLE = '@drain:whole';

/** What was known before a batch was taken. */
export interface BatchStart {
  readonly instant: Instant;
  /** `Time.mono()`. */
  readonly at: number;
  /** The batch before it was not cut short. */
  readonly followsWhole: boolean;
}

/**
 * Puts the rows that were written into the cache, at the tick of their own stamp. By Law 10 an image is the newest of its row
 * when it is stamped, on these conditions; otherwise nothing is put, and the next reader selects the row:
 *
 * - the stamp directly follows the instant before the take: no other node stamped anything between the two;
 * - the batch has all records of its transactions: neither it nor the one before was cut short;
 * - no record of the table is coarse, and no transaction touched the row twice: a trigger that writes the row again is recorded
 *   before the statement that fired it.
 *
 * A deleted row is not put: it is stamped, and may be there again under another partition or a child table.
 */
export class WriteThrough {
  constructor(
    private readonly stack: Pick<CacheStack, 'clock' | 'store' | 'time' | 'options'>,
    private readonly definitionsOf: (table: string) => readonly RowsDefinition[],
    private readonly onFault: (table: string, error: unknown) => void,
  ) {}

  begin(): BatchStart {
    const { clock, time } = this.stack;
    const [whole, split, floor] = [clock.lastStamp([WHOLE]), clock.lastStamp([SPLIT]), clock.lastStamp([])];
    return { instant: clock.instant(), at: time.mono(), followsWhole: whole > floor && whole > split };
  }

  /** Tags for the batch's own stamp. */
  marks({ followsWhole }: BatchStart, isFull: boolean): string[] {
    if (isFull) return [SPLIT];
    return followsWhole ? [] : [WHOLE];
  }

  put(records: readonly TakenRecord[], start: BatchStart, stamped: StampInstant, isFull: boolean): void {
    const { epoch, tick } = start.instant;
    const isNext = stamped.epoch === epoch && stamped.tick === tick + 1 && stamped.lastTick === stamped.tick;
    if (isFull || !start.followsWhole || !isNext || !this.stack.options.layers.includes('query')) return;
    const coarse = new Set(records.filter(({ changes }) => changes === null).map(({ table }) => table));
    for (const table of new Set(records.map((record) => record.table))) {
      if (coarse.has(table)) continue;
      const own = records.filter((record) => record.table === table);
      for (const definition of this.definitionsOf(table)) this.putRows(definition, own, start, stamped);
    }
  }

  private putRows(
    definition: RowsDefinition,
    records: readonly TakenRecord[],
    start: BatchStart,
    stamped: StampInstant,
  ): void {
    try {
      const values = new Map<string, Loaded>();
      for (const [id, image] of newest(definition, records)) {
        const json = definition.jsonOf(image);
        if (json !== undefined) values.set(definition.keyOf(id), { body: json });
      }
      if (values.size > 0) this.stack.store.keepAt(values, definition.policy, stamped, start.at);
    } catch (error) {
      // The rows are stamped: a reader selects them.
      this.onFault(definition.table, error);
    }
  }
}

/** The last image of each row that is there, and that no transaction touched twice. */
function newest(definition: RowsDefinition, records: readonly TakenRecord[]): Map<string, RowImage> {
  const images = new Map<string, RowImage>();
  const seen = new Set<string>();
  const doubtful = new Set<string>();
  for (const { xid, changes } of records) {
    for (const [before, after] of changes ?? []) {
      const ids = new Set([before, after].map((image) => image && definition.idIn(image)));
      for (const id of ids) {
        if (id === null || id === undefined) continue;
        const touch = `${xid} ${id}`;
        if (seen.has(touch)) doubtful.add(id);
        seen.add(touch);
        images.delete(id);
      }
      const id = after && definition.idIn(after);
      if (after && id) images.set(id, after);
    }
  }
  for (const id of doubtful) images.delete(id);
  return images;
}
