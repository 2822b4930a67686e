import { getMetadataStorage } from 'class-validator';
import { distance } from 'fastest-levenshtein';
import { Environment } from './environment';

/** Only this program uses variables with these prefixes, so an unknown one is a mistake. */
const OWN_PREFIX = /^(CACHE|EDGE)_/;
/** Slips of the keyboard that a misspelt name may have: one exchange of two letters counts as two. */
const MAX_SLIPS = 2;
/** Shorter names are within two slips of too many others, such as PORT and PATH. */
const MIN_LENGTH = 6;

/**
 * A sentence about each variable that looks like one of ours and is none: the program would silently use the default instead.
 * Values are not repeated.
 */
export function unknownVariables(source: NodeJS.ProcessEnv): string[] {
  const known = knownNames();
  return Object.keys(source).flatMap((name) => {
    if (known.includes(name)) return [];
    const meant = known.find((candidate) => isMisspelt(name, candidate));
    if (meant !== undefined) return [`${name} is not a variable of Strata and is ignored. Did you mean ${meant}?`];
    return OWN_PREFIX.test(name)
      ? [`${name} is not a variable of Strata and is ignored. docs/settings.md lists all variables.`]
      : [];
  });
}

function knownNames(): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(Environment, '', true, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

function isMisspelt(name: string, candidate: string): boolean {
  return Math.min(name.length, candidate.length) >= MIN_LENGTH && distance(name, candidate) <= MAX_SLIPS;
}
