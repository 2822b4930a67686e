import { OpenAPIObject } from '@nestjs/swagger';
import { PROBLEM_TYPES, problemTitle, problemType } from './problem-types';

type Json = Record<string, unknown>;
interface Parameter {
  /** A list is the schema's: Swagger UI would fill the first of the parameter's own in, and so change what its first request asks. */
  examples?: unknown;
  schema?: object;
}
interface Operation {
  summary?: string;
  description?: string;
  security?: object[];
  parameters?: Parameter[];
  requestBody?: object;
  responses: Record<string, { description?: string; headers?: Json; content?: Record<string, Json> }>;
}

const PROBLEM = 'application/problem+json';
const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

/** Headers of every response; one to a write that succeeded has no Cache-Control. */
const COMMON_HEADERS: Json = {
  'X-Request-Id': header(
    'Names the request in the log; the fastest hits are not logged and have none.',
    'c561cfc7210129b490-0000002',
  ),
  'Cache-Control': header('What browsers and shared caches may do.', 'no-store'),
};
/** Of a product, on reads, on writes and on a 412. */
const VALIDATORS: Json = {
  ETag: header('Strong; one for each encoding.', '"oGqkC0o1Z9Jv0x3m9c0Yb2n0d1A"'),
  'Last-Modified': header('Where the resource has a date; in whole seconds.', 'Sun, 01 Feb 2026 10:00:00 GMT'),
};
const CACHE_HEADERS: Json = {
  ...VALIDATORS,
  'Cache-Control': header('What browsers and shared caches may do.', 'public, max-age=0, must-revalidate'),
  'Cache-Status': header('RFC 9211: how the cache dealt with the request.', 'strata; hit; ttl=288; detail=l1'),
  'X-Cache': header('HIT, MISS, STALE or BYPASS.', 'HIT'),
  Age: { description: 'Seconds; 0 for what was just found fresh.', schema: { type: 'integer', minimum: 0 } },
  Vary: header('Request headers that the response differs with.', 'accept-encoding'),
};
const CACHE_TOKEN = 'Cache-Token';
const TOKEN_SAMPLE = 'Vb3kq0ZrT1mE.1042';
/** On a write's response. */
const WRITE_HEADERS: Json = {
  ...VALIDATORS,
  [CACHE_TOKEN]: header(
    'A read that sends it back sees this write. Absent where that cannot be promised yet.',
    TOKEN_SAMPLE,
  ),
};
/** On a cached read. */
const READ_PARAMETERS = [
  {
    name: CACHE_TOKEN,
    in: 'header',
    required: false,
    description:
      'The Cache-Token of a write: the response is not older than that write, on any node and through any edge.',
    schema: { type: 'string' },
  },
];

/**
 * The document as other tools want it: OpenAPI 3.1, a security requirement on each operation, headers on each response, and for each
 * problem a sample of its own status.
 */
export function completed(document: OpenAPIObject, isCached: (path: string) => boolean): OpenAPIObject {
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method] as Operation | undefined;
      if (!operation) continue;
      operation.security ??= [];
      operation.description ??= `${operation.summary ?? ''}.`;
      operation.parameters = operation.parameters?.map(withSchemaExamples);
      addResponses(operation, method, method === 'get' && isCached(path));
      for (const [status, response] of Object.entries(operation.responses)) describe(path, Number(status), response);
    }
  }
  return withoutNullable({ ...document, openapi: '3.1.0' }) as OpenAPIObject;
}

function withSchemaExamples(parameter: Parameter): Parameter {
  const { examples, schema, ...others } = parameter;
  return Array.isArray(examples) ? { ...others, schema: { ...schema, examples } } : parameter;
}

/** What any route of its kind responds with, whatever its own code says. */
function addResponses(operation: Operation, method: string, isCached: boolean): void {
  const { responses } = operation;
  const add = (status: number, description: string): void => void (responses[status] ??= { description });
  add(400, 'Bad Request: a parameter is unknown or wrong; errors names each');
  add(500, 'Internal Server Error: something is wrong on this side');
  add(503, 'Service Unavailable: a part that this needs is unavailable or busy');
  if (operation.requestBody) {
    add(413, 'Payload Too Large: the body is larger than this route takes');
    add(415, 'Unsupported Media Type: the body is no JSON, or compressed');
  }
  if (method !== 'get') return addHeaders(responses, WRITE_HEADERS);
  if (!isCached) return;
  operation.parameters = [...(operation.parameters ?? []), ...READ_PARAMETERS];
  responses[304] = { description: 'Not Modified: what If-None-Match names is current', headers: { ...CACHE_HEADERS } };
  add(412, 'Precondition Failed: If-Match does not hold');
  add(504, 'Gateway Timeout: only-if-cached was asked for, and this is not cached');
  addHeaders(responses, CACHE_HEADERS);
  for (const status of [404, 412, 504]) {
    const response = responses[status];
    if (response) response.headers = { ...CACHE_HEADERS, ...response.headers };
  }
}

/** To each response of success; what a route says of a header itself comes first. */
function addHeaders(responses: Operation['responses'], headers: Json): void {
  for (const [status, response] of Object.entries(responses)) {
    if (status.startsWith('2')) response.headers = { ...headers, ...response.headers };
  }
}

function describe(path: string, status: number, response: Operation['responses'][string]): void {
  response.headers = { ...COMMON_HEADERS, ...response.headers };
  if (status === 201) response.headers['Location'] = header('The URL of the new resource.', '/api/products/10001');
  if (status === 412) response.headers = { ...VALIDATORS, ...response.headers };
  if (status === 401) response.headers['WWW-Authenticate'] = header('RFC 6750 §3.', 'Bearer realm="strata"');
  if (status === 429 || status === 503) {
    response.headers['Retry-After'] = { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } };
  }
  if (status < 400) return;
  const sample = {
    type: problemType(status),
    title: problemTitle(status),
    status,
    detail: (response.description ?? PROBLEM_TYPES[status] ?? '').replace(/^[^:]+: /, ''),
    instance: path.replace(/\{\w+\}/g, '42'),
    request_id: 'c561cfc7210129b490-0000002',
  };
  response.content = { [PROBLEM]: { schema: { $ref: '#/components/schemas/ProblemDetails' }, example: sample } };
}

function header(description: string, example: string): Json {
  return { description, schema: { type: 'string' }, example };
}

/** OpenAPI 3.1 is JSON Schema: what may be null says so in its type. */
function withoutNullable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNullable);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...rest } = value as Json;
  const members = Object.fromEntries(Object.entries(rest).map(([name, member]) => [name, withoutNullable(member)]));
  if (nullable !== true) return members;
  const { type, allOf, ...others } = members;
  if (Array.isArray(allOf)) return { ...others, anyOf: [...(allOf as unknown[]), { type: 'null' }] };
  return { ...others, type: [type, 'null'] };
}
