import { type ArgumentMetadata, ValidationPipe } from '@nestjs/common';
import { IsInt } from 'class-validator';
import { Type } from 'class-transformer';
import { KeyValidationPipe, Problem, RequestValidationPipe } from '../../src/http';

class PageDto {
  @IsInt()
  @Type(() => Number)
  page!: number;
}
class OtherDto extends PageDto {}

const AS_PAGE: ArgumentMetadata = { type: 'query', metatype: PageDto };
const key = new KeyValidationPipe();
const handler = new RequestValidationPipe();

it('a handler is given the DTO that the key was made of, once', async () => {
  const query = { page: '2' };
  const dto = await key.transform(query, AS_PAGE);
  expect(dto).toEqual({ page: 2 });
  expect(await handler.transform(query, AS_PAGE)).toBe(dto);
  const next = await handler.transform(query, AS_PAGE);
  expect(next).toEqual(dto);
  expect(next).not.toBe(dto);
});

it('another object, class or part of the request is validated by itself', async () => {
  const query = { page: '2' };
  const dto = await key.transform(query, AS_PAGE);
  for (const [value, metadata] of [
    [{ page: '2' }, AS_PAGE],
    [query, { type: 'query', metatype: OtherDto }],
    [query, { type: 'param', metatype: PageDto }],
  ] as const) {
    expect(await handler.transform(value, metadata)).not.toBe(dto);
  }
});

it('what is refused for the key is refused for the handler', async () => {
  const query = { page: 'two' };
  await expect(key.transform(query, AS_PAGE)).rejects.toBeInstanceOf(Problem);
  await expect(handler.transform(query, AS_PAGE)).rejects.toBeInstanceOf(Problem);
});

describe('an equal query of another request', () => {
  const validations = jest.spyOn(ValidationPipe.prototype, 'transform');
  beforeEach(() => validations.mockClear());
  afterAll(() => validations.mockRestore());

  it('becomes a DTO of its own without another validation', async () => {
    const first = (await handler.transform({ page: '31' }, AS_PAGE)) as PageDto;
    first.page = 99;
    const second = await handler.transform({ page: '31' }, AS_PAGE);
    expect(second).toEqual({ page: 31 });
    expect(second).toBeInstanceOf(PageDto);
    expect(await handler.transform({ page: '31' }, AS_PAGE)).not.toBe(second);
    expect(validations).toHaveBeenCalledTimes(1);
  });

  it('is validated again where it is refused, nested, long, of another class, or in another part of the request', async () => {
    await handler.transform({ page: '32' }, AS_PAGE);
    validations.mockClear();
    await handler.transform({ page: '32' }, { type: 'param', metatype: PageDto });
    await handler.transform({ page: '32' }, { type: 'query', metatype: OtherDto });
    expect(validations).toHaveBeenCalledTimes(2);
    for (const query of [{ page: 'two' }, { page: ['32'] }, { page: `${'0'.repeat(200)}x` }]) {
      validations.mockClear();
      await expect(handler.transform(query, AS_PAGE)).rejects.toBeInstanceOf(Problem);
      await expect(handler.transform(query, AS_PAGE)).rejects.toBeInstanceOf(Problem);
      expect(validations).toHaveBeenCalledTimes(2);
    }
  });
});
