import { Logger } from '@nestjs/common';

const wired = new WeakMap<object, Set<string | symbol>>();
const warned = new Set<string>();

/** The cache stands in front of this method of this instance. */
export function noteWired(instance: object, method: string | symbol): void {
  const methods = wired.get(instance) ?? new Set();
  wired.set(instance, methods.add(method));
}

/**
 * Warns, once for each method, of a call that the cache cannot see: on an instance that was made after the start (a lazily loaded
 * module, `ModuleRef.create()`, `new`), or of an overridden method by `super`.
 */
export function warnUnlessWired(instance: unknown, method: string | symbol, of: string): void {
  let object: unknown = instance;
  while (typeof object === 'object' && object !== null) {
    if (wired.get(object)?.has(method)) return;
    object = Object.getPrototypeOf(object);
  }
  const name = `${of}.${String(method)}`;
  if (warned.has(name)) return;
  warned.add(name);
  new Logger('CacheQuery').warn(
    `${name} runs without the cache: its instance was made after the start (a lazy module, ModuleRef.create(), new), or an ` +
      'overriding method called it by super. Provide the class in a module that is loaded at start, or put @CacheQuery on the overriding method.',
  );
}
