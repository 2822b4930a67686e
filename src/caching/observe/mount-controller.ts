import { applyDecorators, Controller, type Type } from '@nestjs/common';

/** The same routes as a class of a module's own, so that a path and guards can be put on it. */
export function mountController(Routes: Type, path: string, decorators: readonly ClassDecorator[] = []): Type {
  class Placed extends Routes {}
  Object.defineProperty(Placed, 'name', { value: Routes.name });
  applyDecorators(Controller(path), ...decorators)(Placed);
  return Placed;
}
