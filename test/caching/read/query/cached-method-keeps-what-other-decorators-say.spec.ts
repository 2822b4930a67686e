import { Controller, Get, Injectable, SetMetadata } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { CacheQuery } from '../../../../src/caching';
import { cachedApp, closeApps } from '../../../support/nest-app';

/** As @Cron of @nestjs/schedule and @OnEvent of @nestjs/event-emitter do, which their explorers look for at start. */
const Cron = (when: string) => SetMetadata('cron', when);

/** Some libraries mark the function itself. */
const Marked = (): MethodDecorator => (_target, _name, descriptor) => {
  Object.assign(descriptor.value as object, { isMarked: true });
};

@Injectable()
class Jobs {
  runs = 0;

  @CacheQuery()
  @Cron('* * * * *')
  @Marked()
  async below(_one: number, _two: number): Promise<number> {
    return Promise.resolve(++this.runs);
  }

  @Cron('0 * * * *')
  @Marked()
  @CacheQuery()
  async above(_one: number, _two: number): Promise<number> {
    return Promise.resolve(++this.runs);
  }
}

afterEach(() => closeApps());

it.each([
  ['below', '* * * * *'],
  ['above', '0 * * * *'],
] as const)('decorators %s @CacheQuery are found on the class and on the instance', async (name, when) => {
  const { app } = await cachedApp({ providers: [Jobs] });
  const jobs = app.get(Jobs);
  for (const owner of [Jobs.prototype, jobs]) {
    const method: (...args: never[]) => unknown = Reflect.get(owner, name);
    expect(new Reflector().get('cron', method)).toBe(when);
    expect([method.name, method.length, Reflect.get(method, 'isMarked')]).toEqual([name, 2, true]);
  }
  expect([await jobs[name](1, 2), await jobs[name](1, 2)]).toEqual([1, 1]);
});

it('Nest finds such methods as those of any provider', async () => {
  const found: string[] = [];
  @Injectable()
  class Explorer {
    constructor(
      private readonly discovery: DiscoveryService,
      private readonly scanner: MetadataScanner,
      private readonly reflector: Reflector,
    ) {}

    onApplicationBootstrap(): void {
      for (const { instance } of this.discovery.getProviders() as { instance?: Record<string, () => void> }[]) {
        if (!(instance instanceof Jobs)) continue;
        for (const name of this.scanner.getAllMethodNames(instance)) {
          if (this.reflector.get('cron', instance[name]!)) found.push(name);
        }
      }
    }
  }
  Reflect.defineMetadata('design:paramtypes', [DiscoveryService, MetadataScanner, Reflector], Explorer);
  await cachedApp({ imports: [DiscoveryModule], providers: [Jobs, Explorer] });
  expect(found).toEqual(['below', 'above']);
});

it.each<[string, MethodDecorator[]]>([
  ['above', [Get(), CacheQuery() as MethodDecorator]],
  ['below', [CacheQuery() as MethodDecorator, Get()]],
])('on a route handler, with the route %s it, the start is refused by name', async (_where, decorators) => {
  @Controller('shop')
  class Shop {
    list(): Promise<number[]> {
      return Promise.resolve([1]);
    }
  }
  const method = Object.getOwnPropertyDescriptor(Shop.prototype, 'list')!;
  Object.defineProperty(Shop.prototype, 'list', Reflect.decorate(decorators, Shop.prototype, 'list', method) ?? method);
  await expect(cachedApp({ controllers: [Shop] })).rejects.toMatchObject({
    code: 'CACHE_QUERY_SCOPE',
    message: expect.stringMatching(/^@CacheQuery: Shop\.list is a route handler: use @CacheView/) as string,
  });
});

it('another method of a controller is cached', async () => {
  @Controller('sums')
  class Sums {
    runs = 0;

    @Get() async show(): Promise<{ sum: number }> {
      return { sum: await this.sum() };
    }

    @CacheQuery() async sum(): Promise<number> {
      return Promise.resolve(++this.runs);
    }
  }
  const { ask } = await cachedApp({ controllers: [Sums] });
  for (let i = 0; i < 2; i += 1) expect(String((await ask('/sums')).body)).toBe('{"sum":1}');
});
