import 'reflect-metadata';

type AnyFunction = (...args: never[]) => unknown;

/**
 * `wrapper` with everything that others read of `method`: its name, its number of parameters, and the metadata that other
 * decorators (`@Cron`, `@OnEvent`, `@SetMetadata`) have set on it.
 */
export function wrapped<F extends AnyFunction>(method: AnyFunction, wrapper: F): F {
  for (const key of Reflect.getOwnMetadataKeys(method) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, method), wrapper);
  }
  return Object.defineProperties<F>(wrapper, Object.getOwnPropertyDescriptors(method));
}
