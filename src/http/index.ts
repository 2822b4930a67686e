export { CommonHeaders } from './common-headers';
export { CorsOrigins } from './cors';
export { createAdapter } from './fastify';
export { fetchFault, fetchJson, UpstreamError } from './fetch-json';
export { createLogger, NestPinoLogger } from './logger';
export { addPages } from './pages';
export { addDocs, ApiProblems } from './openapi';
export {
  cursorLink,
  CursorPage,
  Page,
  pageLinks,
  PageOf,
  PageQuery,
  PageRequest,
  SizedPageQuery,
  toPage,
  PAGE_SIZE,
} from './page';
export {
  BooleanParam,
  DecimalParam,
  IntegerParam,
  IsDecimal,
  MaxWords,
  NoQuery,
  NotBelow,
  PlainText,
  wordsOf,
} from './params';
export { Problem, ProblemDetails, ProblemField } from './problem';
export { ProblemFilter } from './problem.filter';
export { requestOf } from './request-of';
export { KeyValidationPipe, RequestValidationPipe } from './validation';
export { addServerHooks } from './server-hooks';
