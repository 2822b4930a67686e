import { Problem, type ProblemSource, shortName } from './problem';

/** No body of ours has more than two levels. */
const MAX_DEPTH = 8;
/** As many as a batch may hold of changes. */
const MAX_ELEMENTS = 1_000;
/** Twice as many as the largest batch has. */
const MAX_VALUES = 20_000;

/**
 * What makes an input too large to validate; undefined: nothing. To validate a value costs many
 * times what it cost to parse, so an input of too many is refused before the first is validated.
 */
export function sizeFault(input: unknown, source: ProblemSource): Problem | undefined {
  let values = 0;

  const faultOf = (value: unknown, path: string, depth: number): Problem | undefined => {
    if (typeof value !== 'object' || value === null) return undefined;
    if (depth === MAX_DEPTH) return new Problem(400, `The ${source} is nested too deeply.`);
    if (Array.isArray(value) && value.length > MAX_ELEMENTS) {
      return tooLarge(source, path, `at most ${MAX_ELEMENTS} elements`);
    }
    const names = Object.keys(value);
    values += names.length;
    if (values > MAX_VALUES) return tooLarge(source, '', `at most ${MAX_VALUES} values in all`);
    for (const name of names) {
      const member = (value as Record<string, unknown>)[name];
      const fault = faultOf(member, path ? `${path}.${name}` : name, depth + 1);
      if (fault) return fault;
    }
    return undefined;
  };

  return faultOf(input, '', 0);
}

function tooLarge(source: ProblemSource, path: string, limit: string): Problem {
  const name = shortName(path || source);
  return Problem.badRequest([{ in: source, name, detail: `${name} must hold ${limit}` }]);
}
