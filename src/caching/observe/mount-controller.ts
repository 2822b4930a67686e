import { applyDecorators, Controller, type Type } from '@nestjs/common';

/** A subclass of a controller, mounted under `path` with the application's decorators. */
export function mountController(Routes: Type, path: string, decorators: readonly ClassDecorator[] = []): Type {
  class Placed extends Routes {}
  Object.defineProperty(Placed, 'name', { value: Routes.name });
  applyDecorators(Controller(path), ...decorators)(Placed);
  return Placed;
}
