import { applyDecorators } from '@nestjs/common';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiResponse, DocumentBuilder, getSchemaPath, SwaggerModule } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import { ProblemDetails } from './problem';

/** Documents error answers of a route. `reasons`: why each status comes, in a few words. */
export function ApiProblems(reasons: Record<number, string>): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ...Object.entries(reasons).map(([status, reason]) =>
      ApiResponse({
        status: Number(status),
        description: `${STATUS_CODES[status] ?? ''}: ${reason}`,
        content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDetails) } } },
      }),
    ),
  );
}

/** Swagger UI's path, and the beginning of all of its files'. */
export const DOCS = 'docs';

/** Swagger UI at /docs, the OpenAPI document at /docs-json. */
export function addDocs(app: NestFastifyApplication): void {
  const config = new DocumentBuilder()
    .setTitle('Strata')
    .setDescription(
      'A product catalogue whose every cache layer stays right. ' +
        'Reading is free; for the routes with a lock press **Authorize** and paste a token: ' +
        'the one printed at start, or one from `npm run token`.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .build();
  SwaggerModule.setup(DOCS, app, () => SwaggerModule.createDocument(app, config, { extraModels: [ProblemDetails] }), {
    jsonDocumentUrl: `${DOCS}-json`,
    customSiteTitle: 'Strata',
    swaggerOptions: { displayRequestDuration: true, tryItOutEnabled: true },
  });
}
