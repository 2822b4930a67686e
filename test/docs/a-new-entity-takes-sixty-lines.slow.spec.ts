import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Backend, postgresAndRedis } from '../support/backends';
import { send } from '../support/client';
import { eventually } from '../support/eventually';
import { FreshClone } from '../support/fresh-clone';
import { needs } from '../support/needs';
import { sql } from '../support/sql';
import { startStrata, type StrataProcess } from '../support/strata-process';

needs('postgres', 'redis-server');

const section = readFileSync('ARCHITECTURE.md', 'utf8').split('## A second cached entity')[1]!.split('\n## ')[0]!;
/** File → code. */
const files = [...section.matchAll(/```ts\n *\/\/ (\S+)\n([\s\S]*?)```/g)].map(
  ([, file, code]) => [file!, code!] as const,
);
/** File → lines to add, each with the line that it follows. */
const additions = [...section.matchAll(/```diff\n {4}(\S+)\n([\s\S]*?) *```/g)].map(([, file, text]) => {
  const lines = text!
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(3));
  const added = lines.flatMap((line, at) =>
    line.startsWith('+') ? [{ line: line.slice(1), after: lines[at - 1]!.slice(1) }] : [],
  );
  return { file: file!, added };
});

let clone: FreshClone;
let backend: Backend;
let strata: StrataProcess;

beforeAll(async () => {
  clone = FreshClone.make();
  for (const [file, code] of files) {
    mkdirSync(dirname(join(clone.folder, file)), { recursive: true });
    writeFileSync(join(clone.folder, file), code);
  }
  for (const { file, added } of additions) writeFileSync(join(clone.folder, file), withLines(file, added));
  await clone.run('npx', ['tsc', '--noEmit', '-p', 'tsconfig.build.json']);
  await clone.run('npx', ['nest', 'build']);
  backend = await postgresAndRedis(10_000);
  strata = await startStrata(backend.env, join(clone.folder, 'dist'));
});
afterAll(async () => {
  await strata?.stop();
  await backend?.dispose();
  clone.remove();
});

function withLines(file: string, added: readonly { line: string; after: string }[]): string {
  return added.reduce(
    (text, { line, after }) => {
      expect(text).toContain(`${after}\n`);
      return text.replace(`${after}\n`, `${after}\n${line}\n`);
    },
    readFileSync(join(clone.folder, file), 'utf8'),
  );
}

async function get(path: string): Promise<[cache: string | null, text: string]> {
  const { headers, text } = await send(strata.url, path);
  return [headers.get('x-cache'), text];
}

it('takes less than 60 lines', () => {
  const code = files.flatMap(([, text]) => text.split('\n')).filter((line) => line.trim() !== '');
  const lines = code.length + additions.flatMap(({ added }) => added).length;
  expect(files.length).toBe(3);
  expect(additions.map(({ added }) => added.length)).toEqual([2, 2]);
  expect(lines).toBeLessThan(60);
});

it('is cached by row and by list, and every write by SQL invalidates what it changed and nothing else', async () => {
  const url = backend.env.DATABASE_URL!;
  await sql(url, `INSERT INTO reviews (text) VALUES ('good'), ('bad')`);
  await eventually(async () =>
    expect((await get('/api/reviews'))[1]).toBe('[{"id":2,"text":"bad"},{"id":1,"text":"good"}]'),
  );
  for (const path of ['/api/reviews', '/api/reviews/1', '/api/reviews/2']) {
    await get(path);
    expect((await get(path))[0]).toBe('HIT');
  }
  await sql(url, `UPDATE reviews SET text = 'better' WHERE id = 1`);
  await eventually(async () => expect(await get('/api/reviews/1')).toEqual(['HIT', '{"id":1,"text":"better"}']));
  expect((await get('/api/reviews'))[1]).toBe('[{"id":2,"text":"bad"},{"id":1,"text":"better"}]');
  expect((await get('/api/reviews/2'))[0]).toBe('HIT');
  await sql(url, `DELETE FROM reviews WHERE id = 2`);
  await eventually(async () => expect((await get('/api/reviews'))[1]).toBe('[{"id":1,"text":"better"}]'));
});
