import { Inject, Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { etagOf } from '../caching';
import { Problem, ProblemField } from '../http';
import { Idempotency, KeyedCall, Outcome } from '../idempotency';
import { BatchDto, BatchedDto } from './dto/product-batch.dto';
import { ProductDto } from './dto/product.dto';
import {
  ProductMergeDto,
  ProductReplaceDto,
  ProductWriteDto,
  ReadOnlyFieldsDto,
  RepricedDto,
  RepriceDto,
} from './dto/product-write.dto';
import { requirePreconditions, requireUnchanged, type WriteConditions } from './precondition';
import { Product } from './product.entity';
import { holds, ProductWritesRepository, SeenProduct } from './product-writes.repository';

/** Writes to the catalogue. */
@Injectable()
export class ProductWritesService {
  constructor(
    @Inject(ProductWritesRepository) private readonly products: ProductWritesRepository,
    @Inject(Idempotency) private readonly idempotency: Idempotency,
  ) {}

  create(values: ProductWriteDto, call?: KeyedCall): Promise<Outcome<ProductDto>> {
    return this.once(call, async (manager) => ProductDto.of(await this.products.create(manager, values)));
  }

  reprice({ category, percent }: RepriceDto, call?: KeyedCall): Promise<Outcome<RepricedDto>> {
    return this.once(call, async (manager) => ({ updated: await this.products.reprice(manager, category, percent) }));
  }

  /**
   * All of it or nothing, in one transaction: created, then patched, then deleted.
   * @throws Problem 404 that names each product that is not there
   */
  batch(batch: BatchDto, call?: KeyedCall): Promise<Outcome<BatchedDto>> {
    const { create, patch, delete: remove } = batch;
    return this.inTransaction(call, async (manager) => {
      const created = create.length > 0 ? await this.products.createAll(manager, create) : [];
      const patched = patch.length > 0 ? await this.products.patchAll(manager, patch) : [];
      const deleted = remove.length > 0 ? await this.products.removeAll(manager, remove) : [];
      const patchedIds = patched.map(({ id }) => id);
      const wanted = patch.map(({ id }) => id);
      requireNone([
        ...missing(wanted, patchedIds, (at) => `patch.${at}.id`),
        ...missing(remove, deleted, (at) => `delete.${at}`),
      ]);
      return { created: shown(created), patched: shown(patched), deleted };
    });
  }

  /**
   * Sets what `values` holds. A write with conditions reads the row first and then writes that very version or nothing, so of two
   * writers with the same If-Match exactly one wins; without conditions it is one statement.
   * @throws Problem 404; 412 when a precondition fails; 400 for another value of a read-only field
   */
  update(id: number, values: ProductReplaceDto | ProductMergeDto, conditions: WriteConditions): Promise<ProductDto> {
    return this.products.single(async (manager) => {
      let seen = isConditional(conditions, values) ? await this.see(manager, id, conditions, values) : undefined;
      for (;;) {
        if (seen && holds(seen.product, values)) return ProductDto.of(seen.product);
        const changed = await this.products.change(manager, id, values, seen?.version);
        if (changed) return ProductDto.of(changed);
        seen = await this.see(manager, id, conditions, values);
      }
    });
  }

  /** @throws Problem 404; 412 when a precondition fails */
  remove(id: number, conditions: WriteConditions): Promise<void> {
    return this.products.single(async (manager) => {
      for (;;) {
        const seen = isConditional(conditions, {}) ? await this.see(manager, id, conditions, {}) : undefined;
        if (await this.products.remove(manager, id, seen?.version)) return;
        if (!seen) throw unknown(id);
      }
    });
  }

  /** @throws Problem as `update` */
  private async see(
    manager: EntityManager,
    id: number,
    conditions: WriteConditions,
    values: ReadOnlyFieldsDto,
  ): Promise<SeenProduct> {
    const seen = await this.products.see(manager, id);
    if (!seen) throw unknown(id);
    const current = ProductDto.of(seen.product);
    requirePreconditions(conditions, etagOf(current), current);
    requireUnchanged(values, current);
    return seen;
  }

  /** `work` is one statement. */
  private once<T>(call: KeyedCall | undefined, work: (manager: EntityManager) => Promise<T>): Promise<Outcome<T>> {
    if (!call) return this.products.single(async (manager) => ({ value: await work(manager), replayed: false }));
    return this.inTransaction(call, work);
  }

  private inTransaction<T>(
    call: KeyedCall | undefined,
    work: (manager: EntityManager) => Promise<T>,
  ): Promise<Outcome<T>> {
    return this.products.transaction((manager) => this.idempotency.once(manager, call, () => work(manager)));
  }
}

/** Whether the state of the product decides if the write is made at all. */
function isConditional(conditions: WriteConditions, sent: ReadOnlyFieldsDto): boolean {
  const { ifMatch, ifNoneMatch, ifUnmodifiedSince } = conditions;
  const { id, created_at, updated_at } = sent;
  return [ifMatch, ifNoneMatch, ifUnmodifiedSince, id, created_at, updated_at].some(
    (condition) => condition !== undefined,
  );
}

function shown(products: readonly Product[]): ProductDto[] {
  return products.map((product) => ProductDto.of(product));
}

function unknown(id: number): Problem {
  return new Problem(404, `There is no product ${id}.`);
}

/** @param nameOf where in the body the id at this place stands */
function missing(asked: readonly number[], found: readonly number[], nameOf: (at: number) => string): ProblemField[] {
  const there = new Set(found);
  return asked.flatMap((id, at) =>
    there.has(id) ? [] : [{ in: 'body' as const, name: nameOf(at), detail: `there is no product ${id}` }],
  );
}

function requireNone(errors: ProblemField[]): void {
  if (errors.length > 0) throw Problem.withErrors(404, errors);
}
