import { Logger } from '@nestjs/common';
import { ChildEntity, Column, DataSource, Entity, PrimaryColumn, TableInheritance } from 'typeorm';
import { EvictsTags, type RowImage } from '../../../../src/caching';
import { TagRules } from '../../../../src/caching/write/capture/tag-rules';
import { type Backend, postgresAlone } from '../../../support/backends';
import { needs } from '../../../support/needs';
import { Outbox } from '../../../support/outbox';
import { PostgresServer } from '../../../support/postgres-server';

needs('postgres');

const tagged = (prefix: string) =>
  EvictsTags(({ before, after }) => [`${prefix}:${((after ?? before) as RowImage).id}`]);

abstract class Identified {
  @PrimaryColumn('integer')
  id!: number;
}
tagged('any')(Identified);

@Entity('pets')
@tagged('pet')
@TableInheritance({ column: { type: 'text', name: 'kind' } })
class Pet extends Identified {}

@ChildEntity('cat')
@tagged('cat')
class Cat extends Pet {
  @Column('integer', { nullable: true })
  lives!: number | null;
}

@ChildEntity('dog')
class Dog extends Pet {}

@Entity({ name: 'pets', schema: 'public' })
@tagged('animal')
class Animal extends Identified {}

@Entity('Two Words')
@tagged('words')
class Words extends Identified {}

async function rulesOn(
  url: string,
  entities: (new () => object)[],
): Promise<{ rules: TagRules; close: () => Promise<void> }> {
  const dataSource = await new DataSource({ type: 'postgres', url, entities }).initialize();
  const rules = new TagRules(dataSource, (table, error) => {
    throw new Error(`the rule of ${table} failed`, { cause: error });
  });
  return { rules, close: () => dataSource.destroy() };
}

describe('several entities on one table', () => {
  let backend: Backend;
  let outbox: Outbox;

  beforeAll(async () => {
    backend = await postgresAlone();
    outbox = await Outbox.open(backend.env.DATABASE_URL!);
    await outbox.sql(
      'CREATE TABLE pets (id integer PRIMARY KEY, kind text, lives integer); CREATE TABLE "Two Words" (id integer)',
    );
    await outbox.watch({ table: 'public.pets', key: ['id'] });
    await outbox.watch({ table: 'Two Words', key: ['id'] });
  });
  afterAll(async () => {
    await outbox.close();
    await backend.dispose();
  });

  it('single-table inheritance: the rules of parent, children and base classes, each once', async () => {
    const { rules, close } = await rulesOn(backend.env.DATABASE_URL!, [Pet, Cat, Dog]);
    await rules.requireTriggers();
    expect(rules.tagsOf([{ table: 'pets', changes: [[null, { id: '7' }]] }]).sort()).toEqual([
      'any:7',
      'cat:7',
      'pet:7',
    ]);
    await close();
  });

  it('two names of one table, and the name of its records: the rules of all, and the coarse tag of each', async () => {
    const { rules, close } = await rulesOn(backend.env.DATABASE_URL!, [Pet, Animal, Words]);
    await rules.requireTriggers();
    await outbox.recorded('INSERT INTO pets VALUES (8)');
    const [record] = await outbox.records();
    expect(rules.tagsOf([record!]).sort()).toEqual(['animal:8', 'any:8', 'pet:8']);
    expect(rules.tagsOf([{ table: record!.table, changes: null }]).sort()).toEqual(['table:pets', 'table:public.pets']);
    expect(rules.tables).toEqual(['pets', 'public.pets', 'Two Words']);
    await close();
  });
});

describe('start-up says which writes no trigger sees', () => {
  let server: PostgresServer;
  let outbox: Outbox;
  const warnings: string[] = [];
  const refusal = async (): Promise<string> => {
    const { rules, close } = await rulesOn(server.url, [Pet]);
    try {
      return await rules.requireTriggers().then(
        () => '',
        (error: Error) => error.message,
      );
    } finally {
      await close();
    }
  };

  beforeAll(async () => {
    server = await PostgresServer.start({ wal_level: 'logical' });
    outbox = await Outbox.open(server.url);
    await outbox.sql('CREATE TABLE pets (id integer PRIMARY KEY, kind text, lives integer) PARTITION BY RANGE (id)');
    await outbox.watch({ table: 'pets', key: ['id'] });
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: string) => void warnings.push(message));
  });
  beforeEach(() => void warnings.splice(0));
  afterAll(async () => {
    await outbox.close();
    await server.stop();
  });

  it('nothing where all is watched', async () => {
    expect(await refusal()).toBe('');
    expect(warnings).toEqual([]);
  });

  it('a partition that came later is named, until the table is watched again', async () => {
    await outbox.sql('CREATE TABLE pets_low PARTITION OF pets FOR VALUES FROM (0) TO (100)');
    expect(await refusal()).toBe('');
    expect(warnings).toEqual([
      expect.stringMatching(/^pets: direct writes to pets_low are not seen.*watchTable\(\) for pets /),
    ]);
    await outbox.watch({ table: 'pets', key: ['id'] });
    expect(await refusal()).toBe('');
    expect(warnings).toHaveLength(1);
  });

  it('a table fed by logical replication is named; its changes fire no trigger', async () => {
    await outbox.sql('CREATE DATABASE publisher');
    const publisher = await Outbox.open(server.url.replace(/\/postgres$/, '/publisher'));
    await publisher.sql('CREATE TABLE pets_low (id integer PRIMARY KEY, kind text, lives integer)');
    await publisher.sql('CREATE PUBLICATION pub FOR TABLE pets_low');
    await publisher.sql(`SELECT pg_create_logical_replication_slot('sub', 'pgoutput')`);
    await outbox.sql('DELETE FROM cache_outbox');
    await outbox.sql('ALTER TABLE pets_low ENABLE ALWAYS TRIGGER cache_watch_insert');
    const connection = server.url.replace(/\/postgres$/, '/publisher');
    await outbox.sql(
      `CREATE SUBSCRIPTION sub CONNECTION '${connection}' PUBLICATION pub WITH (create_slot = false, copy_data = false, slot_name = 'sub')`,
    );
    try {
      await publisher.sql('INSERT INTO pets_low VALUES (5)');
      for (let n = 0; n < 600 && (await outbox.sql('SELECT FROM pets')).length === 0; n += 1)
        await outbox.sql('SELECT pg_sleep(0.05)');
      expect(await outbox.sql('SELECT id FROM pets')).toEqual([{ id: 5 }]);
      expect(await outbox.records()).toEqual([]);
      expect(await refusal()).toBe('');
      expect(warnings).toEqual([expect.stringMatching(/^pets is fed by logical replication/)]);
    } finally {
      await outbox.sql('DROP SUBSCRIPTION sub');
      await publisher.close();
    }
  });

  it.each([
    [
      'disabled triggers',
      'ALTER TABLE pets DISABLE TRIGGER cache_watch_delete',
      'ALTER TABLE pets ENABLE TRIGGER cache_watch_delete',
    ],
    ['a dropped trigger', 'DROP TRIGGER cache_watch_truncate ON pets', ''],
    [
      'triggers that write to another outbox',
      'CREATE SCHEMA other; ALTER TABLE cache_outbox SET SCHEMA other; CREATE TABLE cache_outbox (LIKE other.cache_outbox INCLUDING ALL); ALTER ROLE postgres SET search_path = other, public',
      'ALTER ROLE postgres RESET search_path; DROP TABLE cache_outbox; ALTER TABLE other.cache_outbox SET SCHEMA public',
    ],
    ['a missing outbox', 'ALTER TABLE cache_outbox RENAME TO gone', 'ALTER TABLE gone RENAME TO cache_outbox'],
    ['a missing table', 'ALTER TABLE pets RENAME TO animals', 'ALTER TABLE animals RENAME TO pets'],
  ])('%s: refused, by name', async (_what, breaks, heals) => {
    await outbox.sql(breaks);
    expect(await refusal()).toMatch(/^Writes to pets would evict nothing/);
    await outbox.sql(heals);
    await outbox.watch({ table: 'pets', key: ['id'] });
    expect(await refusal()).toBe('');
  });
});
