import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

const SCHEMA = {
  type: 'object',
  properties: {
    title: { type: 'string', example: 'Not Found' },
    status: { type: 'integer', example: 404 },
    detail: { type: 'string' },
  },
};

/** Documents the error responses of a route as RFC 9457 problem details. */
export function ApiRefusal(reasons: Record<number, string>): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ...Object.entries(reasons).map(([status, description]) =>
      ApiResponse({ status: Number(status), description, content: { 'application/problem+json': { schema: SCHEMA } } }),
    ),
  );
}
