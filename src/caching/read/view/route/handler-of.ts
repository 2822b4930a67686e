import type { Type } from '@nestjs/common';

/** A method of a controller, where Nest finds it. */
export interface HandlerOf {
  readonly controller: Type;
  /**
   * The property that holds the method. Nest stores what is declared about parameters under this name; the function's own name may
   * be another one, as a decorator may have replaced the function.
   */
  readonly property: string;
  readonly handler: (...args: never[]) => unknown;
}

/** As a developer writes it. */
export function nameOf({ controller, property }: HandlerOf): string {
  return `${controller.name}.${property}`;
}
