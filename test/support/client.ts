import { createHmac } from 'node:crypto';
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
  return signed({ sub, roles }, 3_600);
}

/** A token by HS256 (RFC 7515, appendix A.1). By hand, as the library for it brings all of Nest into every suite. */
export function signed(claims: object, seconds: number): string {
  const iat = Math.floor(Date.now() / 1_000);
  const parts = [
    { alg: 'HS256', typ: 'JWT' },
    { ...claims, iat, exp: iat + seconds },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${createHmac('sha256', JWT_SECRET).update(text).digest('base64url')}`;
}
