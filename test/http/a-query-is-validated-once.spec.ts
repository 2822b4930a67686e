import type { ArgumentMetadata } from '@nestjs/common';
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
