import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrations } from '../../src/migrations';
import { slowDescribe } from '../support/effort';
import { FreshClone } from '../support/fresh-clone';

it('every migration file of the project is in its index, in the order of their timestamps', () => {
  const files = readdirSync('src/migrations').flatMap((file) => /^(\d+)-/.exec(file)?.[1] ?? []);
  expect(migrations.map(({ name }) => /\d+$/.exec(name)?.[0])).toEqual(files.sort());
});

slowDescribe('npm run migration:create', () => {
  let clone: FreshClone;
  beforeAll(() => {
    clone = FreshClone.make();
  });
  afterAll(() => clone.remove());

  const migrationFiles = (): string[] => readdirSync(join(clone.folder, 'src/migrations'));

  it('makes one file, and eslint and prettier take it', async () => {
    const before = migrationFiles();
    const printed = await clone.run('npm', ['run', 'migration:create', '--', 'add-colour']);
    const [made, ...others] = migrationFiles().filter((file) => !before.includes(file));
    expect(others).toEqual([]);
    expect(made).toMatch(/^\d{13}-add-colour\.ts$/);
    const file = join('src/migrations', made!);
    expect(printed).toContain(file);
    expect(readFileSync(join(clone.folder, file), 'utf8')).toMatch(/export class AddColour\d{13} implements/);
    await clone.run('npx', ['eslint', file]);
    await clone.run('npx', ['prettier', '--check', file]);
  });

  it.each(['Add Colour', 'add_colour', '-x', 'x;y'])('refuses the name %s', async (name) => {
    const before = migrationFiles();
    await expect(clone.run('node', ['dist/cli/create-migration.js', name])).rejects.toThrow('The name must be');
    expect(migrationFiles()).toEqual(before);
  });
});
