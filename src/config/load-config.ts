import { existsSync } from 'node:fs';
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

/** Adds what `.env` in the working directory says to the environment; what is already set wins. */
export function loadEnvFile(): void {
  if (existsSync('.env')) process.loadEnvFile('.env');
}
