import { DataSource } from 'typeorm';
import { Backend, onPostgres } from '../support/backends';
import { ReadGate } from '../../src/database';
import { Product } from '../../src/products';
import { FEATURED_RATING } from '../../src/products/dto/limits';
import { FEATURED } from '../../src/products/product-lists';
import { ProductTotals } from '../../src/products/product-totals';
import { ProductsRepository } from '../../src/products/products.repository';

interface PlanNode {
  'Node Type': string;
  'Index Name'?: string;
  'Relation Name'?: string;
  Alias?: string;
  'Actual Loops': number;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: PlanNode[];
}

/** The repository's own SQL, taken off the wire, so that a changed query shows here. */
onPostgres((open) => {
  let backend: Backend;
  let dataSource: DataSource;
  let repository: ProductsRepository;
  const statements: { sql: string; parameters: unknown[] | undefined }[] = [];

  beforeAll(async () => {
    backend = await open(20_000);
    dataSource = await new DataSource({
      type: 'postgres',
      url: backend.env.DATABASE_URL,
      entities: [Product],
      logging: ['query'],
      logger: {
        logQuery: (sql, parameters) => void statements.push({ sql, parameters: parameters as unknown[] }),
        logQueryError: () => undefined,
        logQuerySlow: () => undefined,
        logSchemaBuild: () => undefined,
        logMigration: () => undefined,
        log: () => undefined,
      },
    }).initialize();
    const gate = new ReadGate(dataSource);
    repository = new ProductsRepository(gate, new ProductTotals(dataSource, gate));
  });

  afterAll(async () => {
    await dataSource.destroy();
    await backend.dispose();
  });

  async function explain(run: () => Promise<unknown>): Promise<{ nodes: PlanNode[]; blocks: number }> {
    statements.length = 0;
    await run();
    const [{ sql, parameters } = { sql: '', parameters: [] }] = statements;
    const [row] = await dataSource.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }[]>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`,
      parameters,
    );
    const root = row?.['QUERY PLAN'][0].Plan as PlanNode;
    return { nodes: flatten(root), blocks: root['Shared Hit Blocks'] + root['Shared Read Blocks'] };
  }

  const flatten = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flatten)];
  const usesIndex = (nodes: PlanNode[], name: string): boolean => nodes.some((node) => node['Index Name'] === name);
  const types = (nodes: PlanNode[]): string[] => nodes.map((node) => node['Node Type']);
  const page = (number: number): { offset: number; limit: number } => ({ offset: (number - 1) * 50, limit: 50 });

  it('the main page is an index scan, and reads no more than its own rows', async () => {
    const { nodes, blocks } = await explain(() => repository.page({}, '-created_at', page(1)));
    expect(usesIndex(nodes, 'products_by_created_at')).toBe(true);
    expect(types(nodes)).not.toContain('Seq Scan');
    expect(blocks).toBeLessThan(300);
  });

  it('page 200 costs a few times page 1, counted in blocks read', async () => {
    const first = await explain(() => repository.page({}, '-created_at', page(1)));
    const deep = await explain(() => repository.page({}, '-created_at', page(200)));
    expect(types(deep.nodes)).not.toContain('Seq Scan');
    expect(types(deep.nodes)).toContain('Index Only Scan');
    expect(deep.blocks).toBeLessThan(5 * first.blocks);
  });

  it('a page by cursor reads as few blocks at any depth', async () => {
    const [deepest] = await dataSource.getRepository(Product).find({
      order: { createdAt: 'DESC', id: 'DESC' },
      skip: 19_900,
      take: 1,
    });
    const from = { value: deepest!.createdAt.toISOString(), id: deepest!.id };
    const first = await explain(() => repository.after({}, '-created_at', undefined, 51));
    const deep = await explain(() => repository.after({}, '-created_at', from, 51));
    expect(usesIndex(deep.nodes, 'products_by_created_at')).toBe(true);
    expect(types(deep.nodes)).not.toContain('Sort');
    expect(deep.blocks).toBeLessThan(2 * first.blocks);
  });

  it.each([
    ['price', 'products_by_price'],
    ['-price', 'products_by_price'],
    ['rating', 'products_by_rating'],
    ['-rating', 'products_by_rating'],
    ['name', 'products_by_name'],
    ['-name', 'products_by_name'],
    ['created_at', 'products_by_created_at'],
  ] as const)('ordering=%s walks %s', async (ordering, index) => {
    const { nodes } = await explain(() => repository.page({}, ordering, page(1)));
    expect(usesIndex(nodes, index)).toBe(true);
    expect(types(nodes)).not.toContain('Seq Scan');
  });

  it('a category, the featured products and a search have their indexes', async () => {
    const category = await explain(() => repository.page({ category: 'pets' }, '-created_at', page(1)));
    expect(usesIndex(category.nodes, 'products_by_category')).toBe(true);
    const featured = await explain(() => repository.stretch(FEATURED, page(1), 50));
    expect(usesIndex(featured.nodes, 'products_featured')).toBe(true);
    const search = await explain(() => repository.page({ search: 'metronome 1234' }, '-created_at', page(1)));
    expect(usesIndex(search.nodes, 'products_search')).toBe(true);
  });

  it('a page is read with its count by one statement, and walks nothing where the count is 0', async () => {
    const { count, rows } = await repository.countedPage({ min_rating: 3 }, '-created_at', page(1));
    expect(count).toBe(await repository.count({ min_rating: 3 }));
    const same = await repository.page({ min_rating: 3 }, '-created_at', page(1));
    expect(rows).toEqual(same);
    const none = { category: 'pets', max_price: 0, in_stock: true };
    expect(await repository.countedPage(none, '-created_at', page(1))).toEqual({ count: 0, rows: [] });
    const { nodes } = await explain(() => repository.countedPage(none, '-created_at', page(1)));
    expect(statements).toHaveLength(2);
    const walked = nodes.filter((node) => node['Relation Name'] === 'products' && node.Alias === 'p');
    expect(walked.map((node) => node['Actual Loops'])).toEqual([0]);
  });

  it('the partial index of the featured products is made for the number that the code asks for', async () => {
    const [row] = await dataSource.query<{ indexdef: string }[]>(
      `SELECT indexdef FROM pg_indexes WHERE indexname = 'products_featured'`,
    );
    expect(row?.indexdef).toContain(`rating >= ${FEATURED_RATING}`);
  });
});
