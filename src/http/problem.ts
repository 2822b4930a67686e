import { HttpException } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { problemTitle, problemType } from './problem-types';

/** Most of what is wrong with a request that a problem names. */
const MAX_ERRORS = 20;
/** Characters of the longest name that a problem repeats. */
const MAX_NAME = 100;
/** Seconds after which a 503 may be tried again, where what failed says nothing else. */
export const RETRY_AFTER = '5';

/** One thing that is wrong with a request. */
export class ProblemField {
  @ApiProperty({ enum: ['query', 'path', 'body', 'header'], example: 'query' })
  in!: ProblemSource;

  @ApiProperty({ example: 'page_size' })
  name!: string;

  @ApiProperty({ example: 'page_size must not be greater than 200' })
  detail!: string;
}

export type ProblemSource = 'query' | 'path' | 'body' | 'header';

/** The name of a field as a problem repeats it: a caller may send names of any length. */
export function shortName(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
}

/** RFC 9457: the body of every error response, sent as application/problem+json. */
export class ProblemDetails {
  @ApiProperty({
    format: 'uri-reference',
    example: '/problems/400',
    description: 'Leads to a page about this kind of problem (RFC 9457 §3.1.1).',
  })
  type!: string;

  @ApiProperty({ example: 'Bad Request' })
  title!: string;

  @ApiProperty({ example: 400 })
  status!: number;

  @ApiProperty({ example: 'page_size must not be greater than 200' })
  detail!: string;

  @ApiProperty({ example: '/api/products' })
  instance!: string;

  @ApiProperty({ example: '5b3f3c52-6f7b-4f0e-9a3a-2f1f6c1d7a11', description: 'Names this request in the logs.' })
  request_id!: string;

  @ApiPropertyOptional({ type: [ProblemField], description: 'Each wrong parameter or field, by name.' })
  errors?: ProblemField[];
}

export interface ProblemExtras {
  /** Further members of the body. */
  members?: Partial<ProblemDetails> & Record<string, unknown>;
  headers?: Record<string, string>;
  /** For the log alone. */
  cause?: unknown;
}

/** An error response. `detail` is for the caller: it never contains anything internal. */
export class Problem extends HttpException {
  constructor(
    status: number,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(detail, status, { cause: extras.cause });
  }

  /** A 400 that names each field. */
  static badRequest(errors: ProblemField[]): Problem {
    return Problem.withErrors(400, errors);
  }

  /** Names the first few fields, as a body of nothing but mistakes must not buy a response larger than itself. */
  static withErrors(status: number, all: ProblemField[]): Problem {
    const errors = all.slice(0, MAX_ERRORS);
    return new Problem(status, errors.map((error) => error.detail).join('; '), { members: { errors } });
  }
}

export function problemBody(problem: Problem, instance: string, requestId: string): ProblemDetails {
  const status = problem.getStatus();
  return {
    type: problemType(status),
    title: problemTitle(status),
    status,
    detail: problem.detail,
    instance,
    request_id: requestId,
    ...problem.extras.members,
  };
}
