import { CacheError } from '../../caching.errors';
import { rowsDefinitionOf } from './caches-rows.decorator';
import type { RowsDefinition } from './rows-definition';

/** The entities of which this node caches rows. */
export class RowRegistry {
  private readonly byName = new Map<string, RowsDefinition>();

  /**
   * The declaration of `@CachesRows` on `entity`.
   * @throws CacheError `CACHE_OPTIONS`: it has none, or another entity has its name, and their rows would share keys
   */
  of(entity: object): RowsDefinition {
    const definition = rowsDefinitionOf(entity);
    if (!definition)
      throw new CacheError('CACHE_OPTIONS', `${String((entity as { name?: unknown }).name)} has no @CachesRows`);
    return this.add(definition);
  }

  /** @throws as `of` */
  add(definition: RowsDefinition): RowsDefinition {
    const known = this.byName.get(definition.name) ?? definition;
    if (known !== definition) {
      throw new CacheError('CACHE_OPTIONS', `two entities cache their rows under the name "${definition.name}"`);
    }
    this.byName.set(definition.name, definition);
    return definition;
  }

  /** Whether `tag` is that of a row: it invalidates the cached row itself, and whatever shows it. */
  isRowTag(tag: string): boolean {
    for (const definition of this.byName.values()) if (definition.isTag(tag)) return true;
    return false;
  }
}
