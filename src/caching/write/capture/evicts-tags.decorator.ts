import 'reflect-metadata';
import type { RowImage } from '../../core/rows/row-image';

export { type RowImage, tableTag } from '../../core/rows/row-image';

/** One row written. An insert has no `before`, a delete no `after`; a changed key is a delete and an insert. */
export interface RowChange<Row = RowImage> {
  readonly before?: Row;
  readonly after?: Row;
}

/** The tags that a write of this row evicts. Pure: it may run on any node, and again. */
export type TagRule<Row = RowImage> = (change: RowChange<Row>) => string[];

const EVICTS_TAGS = Symbol('EVICTS_TAGS');

/**
 * On an entity: what a write of one of its rows evicts. Its table also needs one `watchTable` in a migration; start-up
 * refuses an entity without. `Row` may name the columns the rule reads, all of them text.
 *
 * Every rule of a table runs for every row of it: those of all entities on it (single-table inheritance) and those that an
 * entity inherits from its base classes.
 */
export function EvictsTags<Row extends { [C in keyof Row]: string | null } = RowImage>(
  rule: TagRule<Row>,
): ClassDecorator {
  return (entity) => Reflect.defineMetadata(EVICTS_TAGS, rule, entity);
}

/** The rules of an entity class and its base classes, its own first. */
export function tagRulesOf(entity: object): TagRule[] {
  const rules: TagRule[] = [];
  for (let type: object | null = entity; type; type = Object.getPrototypeOf(type) as object | null) {
    const own = Reflect.getOwnMetadata(EVICTS_TAGS, type) as TagRule | undefined;
    if (own) rules.push(own);
  }
  return rules;
}
