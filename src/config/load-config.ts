import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { validateSync } from 'class-validator';
import { AppConfig } from './config';
import { Environment } from './environment';

/** The environment cannot be used. The message names every wrong variable, and repeats no value. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The environment is not right:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Checks `source` and gives the typed settings.
 * A variable set to nothing counts as unset, as compose files and CI write `NAME=` for that. Line breaks at its end do not
 * count: a Kubernetes Secret made from a file has one.
 * @throws ConfigError naming everything that is wrong, not just the first
 */
export function loadConfig(source: NodeJS.ProcessEnv): AppConfig {
  const given = Object.entries(source).map(([name, value]) => [name, value?.replace(/[\r\n]+$/, '')] as const);
  const env = Object.assign(new Environment(), Object.fromEntries(given.filter(([, value]) => value)));
  const problems = validateSync(env).flatMap((error) => Object.values(error.constraints ?? {}).slice(0, 1));
  if (problems.length > 0) throw new ConfigError(problems);
  return new AppConfig(env);
}

/**
 * Adds what `.env` in the working directory says to the environment; what is already set wins.
 * @throws Error that says why the file cannot be read
 */
export function loadEnvFile(): void {
  if (!existsSync('.env')) return;
  for (const [name, value] of Object.entries(parseEnv(envFile()))) process.env[name] ??= value;
}

/** Node's own loader reports any file that cannot be read as one that is not there. */
function envFile(): string {
  try {
    return readFileSync('.env', 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(
      `${resolve('.env')} cannot be read (${code}): make it a file that this user can read, or remove it.`,
      {
        cause,
      },
    );
  }
}
