import { Logger } from '@nestjs/common';
import { DataSource, Entity, PrimaryColumn } from 'typeorm';
import { EvictsTags, tableTag } from '../../../../src/caching';
import { TagRules } from '../../../../src/caching/write/capture/tag-rules';
import { Outbox, useOutbox } from '../../../support/outbox';

class Identified {
  @PrimaryColumn('integer')
  id!: number;
}

@Entity('sales')
@EvictsTags(() => ['sales'])
class Sale extends Identified {}

@Entity('sales_old')
@EvictsTags(() => ['old'])
class OldSale extends Identified {}

let outbox: Outbox;
const opened = useOutbox();
const warnings: string[] = [];
beforeAll(() => {
  outbox = opened();
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: string) => void warnings.push(message));
});

const watch = (table: string): Promise<void> => outbox.watch({ table, key: ['id'] });

/** What start-up says of these entities: its refusal, and what their writes then evict. */
async function started(
  ...entities: (new () => object)[]
): Promise<{ refusal: string; tags: (sql: string) => unknown }> {
  const dataSource = await new DataSource({ type: 'postgres', url: outbox.url, entities }).initialize();
  const rules = new TagRules(dataSource, () => undefined);
  const refusal = await rules.requireTriggers().then(
    () => '',
    (error: Error) => error.message,
  );
  await dataSource.destroy();
  const tags = async (statement: string): Promise<string[]> => {
    await outbox.recorded(statement);
    return rules.tagsOf(await outbox.records()).sort();
  };
  return { refusal, tags };
}

describe.each([
  ['a partition', 'PARTITION BY RANGE (id)', 'sales_old PARTITION OF sales FOR VALUES FROM (0) TO (100)'],
  ['an inheritance child', '', 'sales_old () INHERITS (sales)'],
])('%s with an entity of its own', (_what, kind, child) => {
  beforeEach(async () => {
    await outbox.sql(
      `DROP TABLE IF EXISTS sales CASCADE; CREATE TABLE sales (id integer) ${kind}; CREATE TABLE ${child}`,
    );
    warnings.length = 0;
  });

  it('is watched by the watch of its parent: the rules of both run, whichever is written', async () => {
    await watch('sales');
    const { refusal, tags } = await started(Sale, OldSale);
    expect(refusal).toBe('');
    for (const table of ['sales', 'sales_old']) {
      expect(await tags(`INSERT INTO ${table} VALUES (1)`)).toEqual(['old', 'sales']);
      expect(await tags(`TRUNCATE ${table}`)).toEqual([tableTag('sales'), tableTag('sales_old')]);
    }
    expect(warnings).toEqual([]);
  });

  it('cannot be watched apart afterwards', async () => {
    await watch('sales');
    await expect(watch('sales_old')).rejects.toThrow(
      'sales_old holds rows of sales, which is watched: call watchTable() for that one',
    );
    expect((await started(Sale, OldSale)).refusal).toBe('');
  });

  it('watched before its parent, it is taken over', async () => {
    await watch('sales_old');
    await watch('sales');
    const { refusal, tags } = await started(Sale, OldSale);
    expect(refusal).toBe('');
    expect(await tags('INSERT INTO sales_old VALUES (1)')).toEqual(['old', 'sales']);
  });

  it('watched alone: a warning names the parent, whose writes change its rows unseen', async () => {
    await watch('sales_old');
    expect((await started(OldSale)).refusal).toBe('');
    expect(warnings).toEqual([
      expect.stringMatching(/^sales_old: direct writes to sales are not seen.*watchTable\(\) for sales /),
    ]);
  });

  it.each([[[Sale]], [[OldSale]], [[Sale, OldSale]]])(
    'watched apart by an earlier release: refused, %#',
    async (entities) => {
      await outbox.sql('DROP TABLE sales_old; CREATE TABLE sales_old (id integer)');
      await watch('sales');
      await watch('sales_old');
      const attach =
        kind === '' ? 'sales_old INHERIT sales' : 'sales ATTACH PARTITION sales_old FOR VALUES FROM (0) TO (9)';
      await outbox.sql(`ALTER TABLE ${attach}`);
      expect((await started(...entities)).refusal).toMatch(/^sales(_old)? and sales(_old)? hold each other's rows/);
    },
  );
});
