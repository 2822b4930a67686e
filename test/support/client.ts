import { JwtService } from '@nestjs/jwt';
import { JWT_SECRET } from './strata-process';

export interface Answer<T = unknown> {
  status: number;
  headers: Headers;
  body: T;
  text: string;
}

export interface RequestOptions {
  method?: string;
  token?: string;
  json?: unknown;
  body?: string;
  headers?: Record<string, string>;
}

/** The body of an error, as far as tests look at it. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  request_id: string;
  errors?: { in: string; name: string; detail: string }[];
}

/** Sends a request and reads the whole answer. A relative `path` is resolved against `base`, as a browser would. */
export async function send<T = unknown>(base: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const { method = 'GET', token, json, body = json === undefined ? undefined : JSON.stringify(json) } = options;
  const response = await fetch(new URL(path, base), {
    method,
    body,
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
  });
  const text = await response.text();
  const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: (isJson ? JSON.parse(text) : text) as T };
}

export function tokenFor(sub: string, ...roles: string[]): string {
  return new JwtService().sign({ sub, roles }, { secret: JWT_SECRET, algorithm: 'HS256', expiresIn: '1h' });
}
