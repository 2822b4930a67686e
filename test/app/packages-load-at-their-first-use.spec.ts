import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const APP = join(__dirname, '../../dist/app/create-app');

it('what .swcrc calls lazy is not loaded with the application', () => {
  const { module } = JSON.parse(readFileSync('.swcrc', 'utf8')) as { module: { lazy: string[] } };
  const script = `require('${APP}'); console.log(Object.keys(require.cache).join(' '))`;
  const loaded = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  expect(loaded).toContain('/node_modules/@nestjs/core/');
  for (const name of module.lazy) expect(loaded).not.toContain(`/node_modules/${name}/`);
});
