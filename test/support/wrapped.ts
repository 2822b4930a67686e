type AnyMethod = (...args: unknown[]) => unknown;

/** Replaces a method by a function without a name, as decorators that measure, log or retry do. */
export function Wrapped(_target: object, _name: string | symbol, descriptor: PropertyDescriptor): void {
  const method = descriptor.value as AnyMethod;
  descriptor.value = (() =>
    function (this: unknown, ...args: unknown[]) {
      return method.apply(this, args);
    })();
}
