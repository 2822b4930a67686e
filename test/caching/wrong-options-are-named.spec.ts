import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { CachingModule, type CachingOptions } from '../../src/caching';

function module(options: CachingOptions): TestingModuleBuilder {
  return Test.createTestingModule({ imports: [CachingModule.forRoot(options)] });
}

it.each([
  ['l1MaxBytes', { l1MaxBytes: 'many' }],
  ['ttl', { ttl: 'soon' }],
  ['ttl', { ttl: -1 }],
  ['prefix', { prefix: 'a:b' }],
  ['maxTags', { maxTags: 0 }],
  ['consistency', { consistency: 'stict' as never }],
  ['layers', { layers: ['views' as never] }],
  ['redis', { redis: { url: 'localhost:6379' } }],
  ['redis', { redis: { url: 'http://localhost' } }],
  ['redis', { redis: { url: 'redis+cluster://' } }],
  ['redis', { redis: { url: 'redis+sentinel://127.0.0.1' } }],
  ['backOff', { backOff: { initialDelay: '10s', maxDelay: '1s' } }],
])('refuses to start with a wrong %s and names it', async (name, options) => {
  await expect(module(options).compile()).rejects.toMatchObject({
    code: 'CACHE_OPTIONS',
    message: expect.stringContaining(name) as string,
  });
});
