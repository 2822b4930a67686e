import { ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import { ValidationError } from 'class-validator';
import { Problem, ProblemField, ProblemSource } from './problem';

/** A body of nothing but unknown fields must not buy an answer larger than itself. */
const MAX_ERRORS = 50;

const SOURCES: Record<ArgumentMetadata['type'], ProblemSource> = {
  query: 'query',
  param: 'path',
  body: 'body',
  custom: 'body',
};

/** Turns what a request carries into its DTO, or into a 400 that names every parameter that is unknown or wrong. */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({ transform: true, whitelist: true, forbidNonWhitelisted: true, validationError: { target: false } });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const source = SOURCES[metadata.type];
    if (metadata.type === 'body' && !isRecord(value)) {
      throw Problem.badRequest([{ in: source, name: 'body', detail: 'body must be a JSON object' }]);
    }
    const poison = POISON.filter((name) => isRecord(value) && Object.hasOwn(value as object, name));
    if (poison.length > 0) throw Problem.badRequest(poison.map((name) => unknownField(source, name)));
    try {
      return (await super.transform(value, metadata)) as unknown;
    } catch (error) {
      if (error instanceof InvalidRequest) {
        throw Problem.badRequest(error.errors.flatMap((e) => fields(e, source)).slice(0, MAX_ERRORS));
      }
      throw error;
    }
  }

  override createExceptionFactory() {
    return (errors: ValidationError[] = []): InvalidRequest => new InvalidRequest(errors);
  }
}

class InvalidRequest extends Error {
  constructor(readonly errors: ValidationError[]) {
    super('invalid request');
  }
}

/** Names that class-transformer drops without a word. No DTO of ours has them, so they are as unknown as any other. */
const POISON = ['__proto__', 'constructor', 'prototype'];

function unknownField(source: ProblemSource, name: string): ProblemField {
  return { in: source, name, detail: `${name} is not a known ${KIND[source]}` };
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fields(error: ValidationError, source: ProblemSource, parent = ''): ProblemField[] {
  const name = parent + error.property;
  const own = Object.entries(error.constraints ?? {}).map(([rule, detail]) => ({
    in: source,
    name,
    detail: rule === 'whitelistValidation' ? unknownField(source, name).detail : detail,
  }));
  // The first broken rule is enough: "page must be an integer" says more alone than beside its consequences.
  return [...own.slice(0, 1), ...(error.children ?? []).flatMap((child) => fields(child, source, `${name}.`))];
}

const KIND: Record<ProblemSource, string> = {
  query: 'query parameter',
  path: 'path parameter',
  body: 'field',
  header: 'header',
};
