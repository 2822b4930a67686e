/** One peer: the catalogue's list as a small Nest application with HTTP and CACHE as peers.ts has them. Prints where it listens. */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ExpressAdapter } from 'nest-express';
import { appWith } from './app';
import { cacheOf } from './caches';
import type { Peer } from './peers';

async function main(): Promise<void> {
  const { HTTP, CACHE, DATABASE_URL, REDIS_URL } = process.env as Record<string, string>;
  const module = appWith(DATABASE_URL!, cacheOf(CACHE as Peer['cache'], REDIS_URL!));
  const quiet = { logger: ['error', 'warn'] as ('error' | 'warn')[] };
  const app =
    HTTP === 'fastify'
      ? await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), quiet)
      : await NestFactory.create(module, new ExpressAdapter(), quiet);
  await app.listen(0, '127.0.0.1');
  console.log(await app.getUrl());
}

void main();
