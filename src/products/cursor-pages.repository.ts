import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { ReadGate } from '../database';
import { Cursor } from './cursor';
import { columnOf, Ordering, ProductFilter } from './dto/product-query.dto';
import { Product } from './product.entity';
import { kindOf, membersOf, narrow } from './products.repository';

const TYPES = { created_at: 'timestamptz', price: 'numeric', rating: 'numeric', name: 'varchar' } as const;

/** Pages that begin at a place in the order, which an index finds at once: their cost does not grow with their depth. */
@Injectable()
export class CursorPagesRepository {
  constructor(
    @InjectRepository(Product) private readonly products: Repository<Product>,
    @Inject(ReadGate) private readonly gate: ReadGate,
  ) {}

  /** @returns in the direction of the cursor: backwards, the nearest comes first */
  slice(filter: ProductFilter, ordering: Ordering, cursor: Cursor, limit: number): Promise<Product[]> {
    const question = { cursor: [membersOf(filter), ordering, cursor, limit] };
    return this.gate.run(kindOf(filter), question, (runner) => {
      const query = narrow(this.products.createQueryBuilder('p', runner), filter);
      const column = columnOf(ordering);
      const descends = ordering.startsWith('-') !== cursor.backwards;
      if (cursor.from) {
        const { value, id } = cursor.from;
        // One comparison of rows is one range of the index.
        query.andWhere(
          `(p.${column}, p.id) ${descends ? '<' : '>'} (:place_value::${TYPES[column]}, :place_id::integer)`,
        );
        query.setParameters({ place_value: value, place_id: id });
      }
      const direction = descends ? 'DESC' : 'ASC';
      const property = column === 'created_at' ? 'createdAt' : column;
      return query.orderBy(`p.${property}`, direction).addOrderBy('p.id', direction).limit(limit).getMany();
    });
  }
}
