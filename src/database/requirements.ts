import type { QueryRunner } from 'typeorm';

/** The oldest PostgreSQL that the migrations run on, as `server_version_num`. */
const OLDEST = 150_000;

interface Facts {
  readonly number: number;
  readonly version: string;
  readonly encoding: string;
}

/** @throws Error that says what the server lacks; called before anything is written to it */
export async function checkRequirements(runner: QueryRunner): Promise<void> {
  const [facts] = await runner.manager.query<[Facts]>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
      current_setting('server_encoding') AS encoding`,
  );
  const lack = lackOf(facts);
  if (lack !== undefined) throw new Error(lack);
}

/** What a server lacks, in a sentence; undefined: nothing. */
export function lackOf({ number, version, encoding }: Facts): string | undefined {
  if (number < OLDEST) return `the server is PostgreSQL ${version}, and Strata needs 15 or later: upgrade it`;
  if (encoding === 'UTF8') return undefined;
  return (
    `its encoding is ${encoding}, and Strata needs UTF8: make another database with createdb -E UTF8 -T template0, ` +
    'and name that one'
  );
}
