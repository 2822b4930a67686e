import { Type } from 'class-transformer';
import { IsArray, ValidateBy, ValidateNested } from 'class-validator';
import { Problem, type ProblemField, RequestValidationPipe } from '../../src/http';

let validated = 0;
const IsCounted = (): PropertyDecorator =>
  ValidateBy({ name: 'isCounted', validator: { validate: () => (validated += 1) > 0 } });

class ItemDto {
  @IsCounted()
  value!: number;
}

class ListDto {
  @Type(() => ItemDto)
  @ValidateNested({ each: true })
  @IsArray()
  items!: ItemDto[];
}

const pipe = new RequestValidationPipe();

/** What the 400 names. */
async function refused(body: object): Promise<ProblemField[]> {
  const error: unknown = await pipe
    .transform(body, { type: 'body', metatype: ListDto })
    .catch((reason: unknown) => reason);
  if (!(error instanceof Problem)) throw new Error('It was not refused', { cause: error });
  expect(error.getStatus()).toBe(400);
  return error.extras.members?.errors ?? [];
}

const items = (count: number): ItemDto[] => Array.from({ length: count }, (_, value) => ({ value }));

beforeEach(() => {
  validated = 0;
});

it('an array of a thousand elements is validated', async () => {
  const body = { items: items(1_000) };
  expect(await pipe.transform(body, { type: 'body', metatype: ListDto })).toEqual(body);
  expect(validated).toBe(1_000);
});

it.each<[string, object, string, string]>([
  ['of a known field', { items: items(1_001) }, 'items', 'at most 1000 elements'],
  ['of an unknown field', { items: items(1), tags: Array(100_000).fill(0) }, 'tags', 'at most 1000 elements'],
  ['inside another', { items: items(1), tags: [[], Array(1_001).fill('x')] }, 'tags.1', 'at most 1000 elements'],
  ['inside an item', { items: [{ value: Array(1_001).fill(1) }] }, 'items.0.value', 'at most 1000 elements'],
  [
    'among many that are short enough',
    { items: items(1), tags: Array.from({ length: 30 }, () => Array(900).fill(0) as number[]) },
    'body',
    'at most 20000 values in all',
  ],
])('an array %s that is too long is a 400 that names it, and nothing is validated', async (_, body, name, limit) => {
  expect(await refused(body)).toEqual([{ in: 'body', name, detail: `${name} must hold ${limit}` }]);
  expect(validated).toBe(0);
});

it('an object of too many fields is a 400 of one sentence', async () => {
  const fields = Object.fromEntries(Array.from({ length: 20_001 }, (_, n) => [`field ${n}`, n]));
  expect(await refused(fields)).toEqual([
    { in: 'body', name: 'body', detail: 'body must hold at most 20000 values in all' },
  ]);
});

it('a long name is cut', async () => {
  const [error] = await refused({ ['x'.repeat(50_000)]: Array(1_001).fill(0) });
  expect(error?.name).toHaveLength(101);
});
