import { ForbiddenException, GoneException, NotFoundException, ServiceUnavailableException } from '@nestjs/common';
import { ValidationError } from 'class-validator';
import { EntityNotFoundError, QueryFailedError } from 'typeorm';
import type { CacheStack, Loader } from '../../../../src/caching';
import { closeStacks, loader, node } from '../../../support/stacks';

let stack: CacheStack;
beforeEach(async () => {
  stack = await node({});
  await get(loader(() => 'old'));
  await stack.store.invalidate(['product:1']);
});
afterEach(() => closeStacks());

const get = (load: Loader) => stack.store.getOrLoad('key', { tags: ['product:1'] }, load);
const throwing = (error: unknown): Loader => jest.fn().mockRejectedValue(error);

class Product {}

it.each<[string, unknown]>([
  ['NotFoundException', new NotFoundException()],
  ['ForbiddenException', new ForbiddenException()],
  ['GoneException', new GoneException()],
  ['EntityNotFoundError of findOneByOrFail', new EntityNotFoundError(Product, { id: 1 })],
  ['validation errors', [new ValidationError()]],
  ['an error with a statusCode of 404', Object.assign(new Error('gone'), { statusCode: 404 })],
])('%s is thrown each time', async (_name, error) => {
  for (let i = 0; i < 2; i++) await expect(get(throwing(error))).rejects.toBe(error);
  expect(await get(loader(() => 'new'))).toMatchObject({ outcome: 'miss', entry: { body: 'new' } });
});

it.each<[string, unknown]>([
  ['ServiceUnavailableException', new ServiceUnavailableException()],
  ['a refused connection', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
  ['QueryFailedError', new QueryFailedError('SELECT 1', [], new Error('terminating connection'))],
  ['an error of no kind', new Error('broken')],
])('%s leads to grace', async (_name, error) => {
  expect(await get(throwing(error))).toMatchObject({ outcome: 'grace', entry: { body: 'old' } });
});
