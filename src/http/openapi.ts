import { applyDecorators } from '@nestjs/common';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiResponse, DocumentBuilder, getSchemaPath, OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import { completed } from './openapi-document';
import { ProblemDetails } from './problem';

/** Documents error responses of a route. `reasons`: why each status comes, in a few words. */
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

/** Groups of routes, in the order of the document. */
const TAGS: Record<string, string> = {
  products: 'The catalogue. Reading is open to everybody; writing needs the role editor.',
  account: 'What belongs to the caller: a watchlist and its dashboard. Needs any valid token.',
  rates: 'Exchange rates by which prices are converted.',
  cache: 'Look into the cache, invalidate, warm and clear it. Needs the role admin.',
  health: 'For orchestrators: is the process alive, and can it serve?',
  metrics: 'What this node counted and timed, for Prometheus.',
};

/** Swagger UI at /docs, the OpenAPI document at /docs-json. */
export function addDocs(app: NestFastifyApplication): void {
  const builder = new DocumentBuilder()
    .setTitle('Strata')
    .setDescription(
      'A product-catalogue API whose caches are never stale. ' +
        'Reading is free; for the routes with a lock press **Authorize** and paste a token: ' +
        'the one printed at start, or one from `npm run token`.',
    )
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This server')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' });
  for (const [tag, description] of Object.entries(TAGS)) builder.addTag(tag, description);
  const config = builder.build();
  SwaggerModule.setup(DOCS, app, () => document(app, config), {
    jsonDocumentUrl: `${DOCS}-json`,
    customSiteTitle: 'Strata',
    swaggerOptions: {
      displayRequestDuration: true,
      tryItOutEnabled: true,
      persistAuthorization: true,
      requestInterceptor: withTokenAlone,
    },
  });
}

interface UiRequest {
  headers: Record<string, string | undefined>;
}

/**
 * Runs in the browser: whatever was pasted into Authorize, the printed line (`TOKEN=…`), a header or the token alone, the token in it
 * is sent.
 */
function withTokenAlone(request: UiRequest): UiRequest {
  const found = /[\w-]+\.[\w-]+\.[\w-]+/.exec(request.headers.Authorization ?? '');
  if (found) request.headers.Authorization = 'Bearer ' + found[0];
  return request;
}

function document(app: NestFastifyApplication, config: Omit<OpenAPIObject, 'paths'>): OpenAPIObject {
  const raw = SwaggerModule.createDocument(app, config, { extraModels: [ProblemDetails] });
  const cached = /^\/api\/(products|rates|me\/dashboard)\b/;
  const order = Object.keys(TAGS);
  const rankOf = (item: object): number => {
    const [first] = Object.values(item) as { tags?: string[] }[];
    return order.indexOf(first?.tags?.[0] ?? '') >>> 0;
  };
  const paths = Object.entries(raw.paths).sort(([, a], [, b]) => rankOf(a) - rankOf(b));
  return completed({ ...raw, paths: Object.fromEntries(paths) }, (path) => cached.test(path));
}
