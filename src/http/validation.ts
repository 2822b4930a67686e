import { ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import { ValidationError } from 'class-validator';
import { sizeFault } from './input-size';
import { KnownInputs } from './known-inputs';
import { Problem, ProblemField, ProblemSource, shortName } from './problem';

const SOURCES: Record<ArgumentMetadata['type'], ProblemSource> = {
  query: 'query',
  param: 'path',
  body: 'body',
  custom: 'body',
};

/** What `KeyValidationPipe` made of an object, for the handler that is given the same object. */
const validated = new WeakMap<object, { readonly metadata: ArgumentMetadata; readonly dto: unknown }>();

/** One for all pipes: the key's and the handler's make the same. */
const inputs = new KnownInputs();

/** Turns what a request carries into its DTO, or into a 400 that names every parameter that is unknown or wrong. */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({ transform: true, whitelist: true, forbidNonWhitelisted: true, validationError: { target: false } });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const known = takeValidated(value, metadata);
    if (known) return known.dto;
    const copy = inputs.copyFor(value, metadata);
    if (copy) return copy;
    const source = SOURCES[metadata.type];
    if (metadata.type === 'body' && !isRecord(value)) {
      throw Problem.badRequest([{ in: source, name: 'body', detail: 'body must be a JSON object' }]);
    }
    const fault = sizeFault(value, source);
    if (fault) throw fault;
    const poison = inheritedNames(value);
    if (poison.length > 0) throw Problem.badRequest(poison.map((name) => unknownField(source, name)));
    try {
      const dto = (await super.transform(value, metadata)) as unknown;
      inputs.remember(value, metadata, dto);
      return dto;
    } catch (error) {
      if (error instanceof InvalidRequest) {
        throw Problem.badRequest(error.errors.flatMap((e) => fields(e, source)));
      }
      throw error;
    }
  }

  override createExceptionFactory() {
    return (errors: ValidationError[] = []): InvalidRequest => new InvalidRequest(errors);
  }
}

/**
 * Validates what the key of a cached response is made of. The handler of the same request is given the very DTO, once: nothing
 * is validated twice.
 */
@Injectable()
export class KeyValidationPipe extends RequestValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const dto = await super.transform(value, metadata);
    if (isRecord(value)) validated.set(value, { metadata, dto });
    return dto;
  }
}

function takeValidated(value: unknown, { type, metatype }: ArgumentMetadata): { readonly dto: unknown } | undefined {
  const known = isRecord(value) ? validated.get(value) : undefined;
  if (known?.metadata.type !== type || known.metadata.metatype !== metatype) return undefined;
  validated.delete(value as object);
  return known;
}

class InvalidRequest extends Error {
  constructor(readonly errors: ValidationError[]) {
    super('invalid request');
  }
}

/** Names that every object inherits, wherever they stand: class-transformer and class-validator take them for known, or drop them without a word. */
function inheritedNames(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    !Array.isArray(value) && (name in Object.prototype || name === 'prototype')
      ? [path + name]
      : inheritedNames(member, `${path}${name}.`),
  );
}

function unknownField(source: ProblemSource, fullName: string): ProblemField {
  const name = shortName(fullName);
  return { in: source, name, detail: `${name} is not a known ${KIND[source]}` };
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fields(error: ValidationError, source: ProblemSource, parent = ''): ProblemField[] {
  const name = parent + error.property;
  const own = Object.entries(error.constraints ?? {}).map(([rule, detail]) =>
    rule === 'whitelistValidation' ? unknownField(source, name) : { in: source, name, detail },
  );
  // The first broken rule is enough: "page must be an integer" says more alone than beside its consequences.
  return [...own.slice(0, 1), ...(error.children ?? []).flatMap((child) => fields(child, source, `${name}.`))];
}

const KIND: Record<ProblemSource, string> = {
  query: 'query parameter',
  path: 'path parameter',
  body: 'field',
  header: 'header',
};
