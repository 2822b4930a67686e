import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DIST = join(__dirname, '../../dist');

/** Files that are loaded along with these. */
function loadedWith(...files: string[]): string {
  const script = `${files.map((file) => `require('${DIST}/${file}');`).join('')} console.log(Object.keys(require.cache).join(' '))`;
  return execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
}

it('what .swcrc calls lazy is not loaded with the application', () => {
  const { module } = JSON.parse(readFileSync('.swcrc', 'utf8')) as { module: { lazy: string[] } };
  const loaded = loadedWith('app/create-app');
  expect(loaded).toContain('/node_modules/@nestjs/core/');
  for (const name of module.lazy) expect(loaded).not.toContain(`/node_modules/${name}/`);
});

it('the embedded database starts before the application is loaded', () => {
  const own = [...readFileSync(join(DIST, 'main.js'), 'utf8').matchAll(/require\("\.\/(.+?)"\)/g)].map(
    ([, file]) => file!,
  );
  expect(own).toContain('database/server');
  const loaded = loadedWith(...own);
  for (const heavy of ['@nestjs', 'typeorm', 'fastify', 'pino'])
    expect(loaded).not.toContain(`/node_modules/${heavy}/`);
});
