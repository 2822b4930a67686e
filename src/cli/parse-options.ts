import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T }>>['values'];

/**
 * Reads a program's command line. `--help` prints `usage` and ends the process with 0.
 * @throws RangeError that names the wrong option and repeats `usage`
 */
export function parseOptions<T extends Options>(usage: string, options: T): Values<T> {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new RangeError(`${(error as Error).message}\n\n${usage}`);
  }
}
