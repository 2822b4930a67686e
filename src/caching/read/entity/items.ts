/** What is known of an object that `withItems` made. */
interface Made {
  readonly name: string;
  readonly items: readonly string[];
  /** The other members, as they were. */
  readonly members: Readonly<Record<string, unknown>>;
  isRead: boolean;
}

const made = new WeakMap<object, Made>();

/**
 * An object with the member `name`: an array of objects, from the JSON of each. They are parsed only when the member is read.
 * If it is not, `textOf` joins the texts instead: nothing is parsed, and nothing printed again.
 * @param head the other members; a member called `name` says where the array comes among them
 */
export function withItems<T extends object>(head: object, name: string, items: readonly string[]): T {
  const object = { ...head };
  const members = Object.fromEntries(Object.entries(head).filter(([each]) => each !== name));
  const known: Made = { name, items, members, isRead: false };
  made.set(object, known);
  Object.defineProperty(object, name, {
    enumerable: true,
    configurable: true,
    get() {
      known.isRead = true;
      const value = JSON.parse(`[${items.join()}]`) as unknown[];
      define(object, name, value);
      return value;
    },
    set(value: unknown) {
      known.isRead = true;
      define(object, name, value);
    },
  });
  return object as T;
}

function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** What `JSON.stringify` would make of `value`, if `withItems` made it and nothing has read or changed it since. */
export function textOf(value: unknown): string | undefined {
  const known = typeof value === 'object' && value !== null ? made.get(value) : undefined;
  if (!known || known.isRead) return undefined;
  const { name, items, members } = known;
  const names = Object.keys(value as object);
  if (names.length !== Object.keys(members).length + 1 || 'toJSON' in (value as object)) return undefined;
  const parts: string[] = [];
  for (const each of names) {
    // A getter would be run by a comparison: only the one that `withItems` made may be there.
    if (each === name) {
      parts.push(`${JSON.stringify(each)}:[${items.join()}]`);
      continue;
    }
    const member = (value as Record<string, unknown>)[each];
    if (!(each in members) || member !== members[each]) return undefined;
    const text = JSON.stringify(member) as string | undefined;
    if (text !== undefined) parts.push(`${JSON.stringify(each)}:${text}`);
  }
  return `{${parts.join()}}`;
}
