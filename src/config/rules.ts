import { isURL, ValidateBy } from 'class-validator';
import { parseRedisUrl, readDuration, readSize } from '../caching/settings';
import { postgresUrlProblem } from './postgres-url';

/** `problem` is what completes the sentence "NAME must be …" of a string that is wrong. It repeats no part of the string. */
function Explained(name: string, problem: (text: string) => string | undefined): PropertyDecorator {
  return ValidateBy(
    { name, validator: { validate: (value) => problem(String(value)) === undefined } },
    { message: ({ property, value }) => `${property} must be ${problem(String(value))}` },
  );
}

/** A string for which `accepts` holds; `expected` completes the sentence "NAME must be …". */
function Rule(name: string, expected: string, accepts: (text: string) => boolean): PropertyDecorator {
  return Explained(name, (text) => (accepts(text) ? undefined : expected));
}

/** A whole number of at least `min` and at most `max`, in decimal digits. */
export function IsWholeNumber(min: number, max: number): PropertyDecorator {
  return Rule('isWholeNumber', `a whole number from ${min} to ${max}`, (text) => {
    return /^\d{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max;
  });
}

/** A duration of at least `min` milliseconds, and at most about 24 days. */
export function IsDuration(min: number): PropertyDecorator {
  return Rule('isDuration', `a duration such as 250ms, 5m or 1h, from ${min} ms to 24 days`, (text) => {
    return (readDuration(text) ?? -1) >= min;
  });
}

/** A size of at least `min` bytes. */
export function IsSize(min: number): PropertyDecorator {
  return Rule(
    'isSize',
    `a size such as 512kb or 64mb, of at least ${min} bytes`,
    (text) => (readSize(text) ?? -1) >= min,
  );
}

/** A URL of one of these schemes. The message never repeats the value: it may hold a password. */
export function IsUrlOf(...protocols: string[]): PropertyDecorator {
  return Explained('isUrlOf', (text) => urlProblem(text, protocols));
}

/** A URL of the web that paths are added to. */
export function IsBaseUrl(): PropertyDecorator {
  return Explained('isBaseUrl', (text) => {
    const problem = urlProblem(text, ['http', 'https']);
    if (problem !== undefined) return problem;
    const isBare = new URL(text).username === '' && new URL(text).password === '' && !/[?#]/.test(text);
    return isBare ? undefined : 'a URL without a user name, a password, a query or a fragment';
  });
}

function urlProblem(text: string, protocols: string[]): string | undefined {
  const starts = protocols.map((protocol) => `${protocol}://`);
  if (!starts.some((start) => text.startsWith(start))) return `a URL that starts with ${starts.join(' or ')}`;
  const isRight =
    URL.canParse(text) &&
    isWellEncoded(text) &&
    isURL(text, { protocols, require_protocol: true, require_tld: false, allow_underscores: true });
  return isRight ? undefined : 'a whole URL: its host, its port or its percent-encoding is malformed';
}

/** A PostgreSQL URL that the driver can connect to. The message never repeats the value. */
export function IsPostgresUrl(): PropertyDecorator {
  return Explained('isPostgresUrl', postgresUrlProblem);
}

/** A Redis URL of one of the forms that the cache can connect to. The message never repeats the value. */
export function IsRedisUrl(): PropertyDecorator {
  return Explained('isRedisUrl', (text) => {
    try {
      return void parseRedisUrl(text);
    } catch (error) {
      return (error as Error).message;
    }
  });
}

/** fetch() refuses such a URL, and says it aloud in its error. */
export function IsUrlWithoutCredentials(): PropertyDecorator {
  return Rule('isUrlWithoutCredentials', 'a URL without a user name or password', (text) => {
    return !URL.canParse(text) || (new URL(text).username === '' && new URL(text).password === '');
  });
}

function isWellEncoded(text: string): boolean {
  try {
    return decodeURI(text) !== '';
  } catch {
    return false;
  }
}

/** Not blanks alone. */
export function IsNotBlank(): PropertyDecorator {
  return Rule('isNotBlank', 'more than blanks', (text) => text.trim() !== '');
}

/** A comma list with an item. Without one, what it lists would be unset. */
export function IsList(): PropertyDecorator {
  return Rule('isList', 'a comma list of at least one item', (text) =>
    text.split(',').some((item) => item.trim() !== ''),
  );
}

/** A comma list in which every item is one of `items`; `none` stands alone. */
export function IsListOf(items: readonly string[]): PropertyDecorator {
  return Rule('isListOf', `none, or a comma list of ${items.join(', ')}`, (text) => {
    return text === 'none' || text.split(',').every((item) => items.includes(item.trim()));
  });
}

/** A comma list of `host:port`. */
export function IsHostList(): PropertyDecorator {
  return Rule('isHostList', 'a comma list of host:port', (text) => {
    return text.split(',').every((item) => /^[\w.-]+:\d{1,5}$/.test(item.trim()));
  });
}

/** `*`, `none`, or a comma list of origins as browsers write them: scheme, host and port, without a path. */
export function IsOriginList(): PropertyDecorator {
  return Rule('isOriginList', '*, none, or a comma list of origins such as https://shop.example', (text) => {
    if (text === '*' || text === 'none') return true;
    return text.split(',').every((item) => URL.canParse(item.trim()) && new URL(item.trim()).origin === item.trim());
  });
}
