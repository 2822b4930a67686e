import 'reflect-metadata';
import { type CachesRowsOptions, RowsDefinition } from './rows-definition';

const CACHES_ROWS = Symbol('CACHES_ROWS');

/**
 * On an entity, beside `@EvictsTags`: how each of its rows is cached by itself, as the JSON that the API shows. Reads make it in
 * SQL, the drain from the images of written rows; both by this one declaration.
 */
export function CachesRows(options: CachesRowsOptions): ClassDecorator {
  const definition = new RowsDefinition(options);
  return (entity) => Reflect.defineMetadata(CACHES_ROWS, definition, entity);
}

/** The declaration of this very class; one of its base class is for the base's own rows. */
export function rowsDefinitionOf(entity: object): RowsDefinition | undefined {
  return Reflect.getOwnMetadata(CACHES_ROWS, entity) as RowsDefinition | undefined;
}
