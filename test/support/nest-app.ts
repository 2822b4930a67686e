import type { AddressInfo } from 'node:net';
import type { ModuleMetadata } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { CacheService, CachingModule, type CachingOptions } from '../../src/caching';
import { ask, type RawAnswer, type RawRequest } from './http';

/** A small Nest application with the cache in it, listening. */
export interface CachedApp {
  app: NestFastifyApplication;
  url: string;
  cache: CacheService;
  ask: (path: string, request?: RawRequest) => Promise<RawAnswer>;
}

export interface AppParts extends ModuleMetadata {
  caching?: CachingOptions;
  /** @default Fastify */
  adapter?: AbstractHttpAdapter;
  /** Before it starts: hooks, global interceptors. */
  prepare?: (app: NestFastifyApplication) => void;
}

const open: NestFastifyApplication[] = [];

export async function cachedApp({
  caching = {},
  adapter = new FastifyAdapter({ routerOptions: { ignoreTrailingSlash: true } }),
  imports = [],
  prepare,
  ...parts
}: AppParts): Promise<CachedApp> {
  const module = await Test.createTestingModule({
    imports: [CachingModule.forRoot(caching), ...imports],
    ...parts,
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(adapter, { logger: false });
  open.push(app);
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  return { app, url, cache: app.get(CacheService), ask: (path, request) => ask(url, path, request) };
}

export async function closeApps(): Promise<void> {
  await Promise.all(open.splice(0).map((app) => app.close()));
}
