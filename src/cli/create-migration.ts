import './supported-node';
import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const FOLDER = 'src/migrations';
const USAGE = `npm run migration:create -- add-colour

Writes an empty migration into ${FOLDER}.`;

/** `npm run migration:create`: TypeORM's own template fails this project's lint. */
function main(given: string | undefined): void {
  if (given === undefined || given === '--help') return console.log(USAGE);
  const name = basename(given);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new Error(`The name must be small letters and digits with single dashes between them\n\n${USAGE}`);
  }
  if (!existsSync(FOLDER)) throw new Error(`There is no ${FOLDER} here: run this in the project's own folder`);
  const timestamp = Date.now();
  const className = `${name.replace(/(?:^|-)(\w)/g, (_dash, letter: string) => letter.toUpperCase())}${timestamp}`;
  const file = join(FOLDER, `${timestamp}-${name}.ts`);
  writeFileSync(file, template(className), { flag: 'wx' });
  console.log(`${file} is made. Add ${className} to ${FOLDER}/index.ts, behind the others.`);
}

function template(className: string): string {
  return `import { MigrationInterface, QueryRunner } from 'typeorm';

export class ${className} implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(\`-- the change in SQL\`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(\`-- what undoes it\`);
  }
}
`;
}

try {
  main(process.argv[2]);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
