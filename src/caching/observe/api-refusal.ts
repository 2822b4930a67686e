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

/** Documents what a route says instead of an answer, in the form of RFC 9457 that the application around it gives to errors. */
export function ApiRefusal(reasons: Record<number, string>): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ...Object.entries(reasons).map(([status, description]) =>
      ApiResponse({ status: Number(status), description, content: { 'application/problem+json': { schema: SCHEMA } } }),
    ),
  );
}
