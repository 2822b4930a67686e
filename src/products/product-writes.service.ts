import { Inject, Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { etagOf, type Preconditions } from '../caching';
import { Problem, ProblemField } from '../http';
import { Idempotency, KeyedCall, Outcome } from '../idempotency';
import { BatchDto, BatchedDto } from './dto/product-batch.dto';
import { ProductDto } from './dto/product.dto';
import { ProductMergeDto, ProductReplaceDto, ProductWriteDto, RepricedDto, RepriceDto } from './dto/product-write.dto';
import { requirePreconditions, requireUnchanged } from './precondition';
import { Product } from './product.entity';
import { ProductWritesRepository } from './product-writes.repository';

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
    return this.once(call, async (manager) => {
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
   * Sets what `values` holds. The row is locked from the look at its state to the commit, so of two writers with the same
   * If-Match exactly one wins.
   * @throws Problem 404; 412 when a precondition fails; 400 for another value of a read-only field
   */
  update(id: number, values: ProductReplaceDto | ProductMergeDto, preconditions: Preconditions): Promise<ProductDto> {
    return this.products.withLocked(id, async (found, manager) => {
      const product = known(found, id);
      const current = ProductDto.of(product);
      requirePreconditions(preconditions, etagOf(current));
      requireUnchanged(values, current);
      return ProductDto.of(await this.products.change(manager, product, values));
    });
  }

  /** @throws Problem 404; 412 when a precondition fails */
  remove(id: number, preconditions: Preconditions): Promise<void> {
    return this.products.withLocked(id, async (found, manager) => {
      const product = known(found, id);
      requirePreconditions(preconditions, etagOf(ProductDto.of(product)));
      await manager.delete(Product, { id });
    });
  }

  private once<T>(call: KeyedCall | undefined, work: (manager: EntityManager) => Promise<T>): Promise<Outcome<T>> {
    return this.products.transaction((manager) => this.idempotency.once(manager, call, () => work(manager)));
  }
}

function shown(products: readonly Product[]): ProductDto[] {
  return products.map((product) => ProductDto.of(product));
}

function known<T>(product: T | null, id: number): T {
  if (product === null) throw new Problem(404, `There is no product ${id}.`);
  return product;
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
