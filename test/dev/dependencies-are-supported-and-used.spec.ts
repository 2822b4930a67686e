import { readFileSync } from 'node:fs';

interface Package {
  dev?: boolean;
  devOptional?: boolean;
  deprecated?: string;
  engines?: { node?: string };
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Package> };
const { dependencies, devDependencies, engines } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  engines: { node: string };
};
const inProduction = Object.entries(packages).filter(([name, { dev }]) => name !== '' && !dev);

it('no package of production is deprecated by its authors', () => {
  expect(inProduction.filter(([, { deprecated }]) => deprecated !== undefined).map(([name]) => name)).toEqual([]);
});

it('no development package is kept in production for being the optional peer of another one', () => {
  expect(inProduction.filter(([, { devOptional }]) => devOptional).map(([name]) => name)).toEqual([]);
});

it('every dependency has one exact version', () => {
  const versions = Object.entries({ ...dependencies, ...devDependencies });
  expect(versions.filter(([, version]) => !/^(npm:@?[\w/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});

it('.nvmrc names a Node.js that package.json allows, and the image has the same', () => {
  const major = readFileSync('.nvmrc', 'utf8').trim();
  const oldest = Number(/^>=(\d+)\./.exec(engines.node)![1]);
  expect(Number(major)).toBeGreaterThanOrEqual(oldest);
  const images = [...readFileSync('docker/Dockerfile', 'utf8').matchAll(/^FROM node:(\S+)/gm)].map(([, tag]) => tag);
  expect(new Set(images)).toEqual(new Set([`${major}-slim`]));
});
