import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recipe } from './recipe';

const CACHING = join(__dirname, '../../src/caching');

it('the recipe installs all that the folder imports', () => {
  const sources = readdirSync(CACHING, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const imports = sources.flatMap((file) => [...readFileSync(join(CACHING, file), 'utf8').matchAll(/from '([^']+)'/g)]);
  const packages = new Set(imports.map(([, name]) => packageOf(name!)).filter((name) => /^[@a-z]/.test(name)));
  const installed = new Set([...recipe.matchAll(/ (@?[a-z][\w/-]+)(?:@\d+)?(?=[ \n])/g)].map(([, name]) => name));
  // Every Nest application has the first three; Node, the node: ones; and Fastify's adapter brings Fastify.
  const there = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'fastify'];
  expect(packages.size).toBeGreaterThan(10);
  expect(
    [...packages].filter((name) => !name.startsWith('node:') && !installed.has(name) && !there.includes(name)),
  ).toEqual([]);
});

function packageOf(name: string): string {
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/');
}
