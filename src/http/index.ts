export { addServerHooks, createAdapter } from './fastify';
export { createLogger, NestPinoLogger } from './logger';
export { addDocs, ApiProblems } from './openapi';
export { Page, pageLinks, PageOf, PageQuery, PageRequest, SizedPageQuery, toPage, PAGE_SIZE } from './page';
export { BooleanParam, DecimalParam, IntegerParam, IsDecimal, MaxWords, NoQuery, NotBelow, PlainText } from './params';
export { Problem, ProblemDetails } from './problem';
export { ProblemFilter } from './problem.filter';
export { requestOf } from './request-of';
export { RequestValidationPipe } from './validation';
