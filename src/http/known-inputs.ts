import type { ArgumentMetadata } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

/** Inputs that are remembered of each class, and the longest of them, in characters. */
const REMEMBERED = 500;
const MAX_LENGTH = 200;

/**
 * What queries and paths became when they were validated: a page whose product was sold has the query that it had before. Only flat
 * inputs and flat DTOs are remembered, so that a copy shares nothing with what an earlier handler was given. A validation depends on
 * its input alone.
 */
export class KnownInputs {
  private readonly classes = new WeakMap<object, LRUCache<string, object>>();

  /** A new DTO with the fields of the one that was remembered for an equal input. */
  copyFor(value: unknown, metadata: ArgumentMetadata): object | undefined {
    const known = metadata.metatype && this.classes.get(metadata.metatype);
    const text = known && textOf(value, metadata);
    const dto = text === undefined ? undefined : known?.get(text);
    return dto && copyOf(dto);
  }

  /** @param dto what `value` became */
  remember(value: unknown, metadata: ArgumentMetadata, dto: unknown): void {
    const text = textOf(value, metadata);
    if (text === undefined || !metadata.metatype || !isFlat(dto)) return;
    const known = this.classes.get(metadata.metatype) ?? new LRUCache<string, object>({ max: REMEMBERED });
    this.classes.set(metadata.metatype, known);
    known.set(text, copyOf(dto));
  }
}

/** Undefined: a body, or an input that is not flat, or long. */
function textOf(value: unknown, { type }: ArgumentMetadata): string | undefined {
  if ((type !== 'query' && type !== 'param') || typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value) || Object.values(value).some((member) => typeof member !== 'string')) return undefined;
  const text = JSON.stringify(value);
  return text.length > MAX_LENGTH ? undefined : type + text;
}

function isFlat(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((member) => !['object', 'function'].includes(typeof member));
}

function copyOf(dto: object): object {
  return Object.assign(Object.create(Object.getPrototypeOf(dto) as object | null) as object, dto);
}
