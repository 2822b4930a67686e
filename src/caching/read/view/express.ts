import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallHandler } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, map, mergeMap, NEVER, type Observable } from 'rxjs';
import type { Finish } from './framework-capture';

type HeaderValue = number | string | readonly string[];

/** The members of a Fastify reply that the view layer uses. */
export interface ViewReply extends Pick<
  FastifyReply,
  'raw' | 'sent' | 'statusCode' | 'getHeader' | 'getHeaders' | 'hasHeader'
> {
  /** Of Fastify alone. */
  readonly request?: object;
  code(status: number): this;
  header(name: string, value: HeaderValue): this;
  headers(values: Readonly<Record<string, unknown>>): this;
  removeHeader(name: string): this;
  send(payload?: string | Buffer): this;
}

type ExpressRequest = IncomingMessage & { route?: { path?: unknown }; raw?: IncomingMessage; routeOptions?: unknown };

/** How Express prints JSON. */
const SETTINGS = ['json replacer', 'json spaces', 'json escape'];

export function isExpress(response: object): boolean {
  return !('raw' in response);
}

/** Adapts an Express request: it has `params`, `query` and `host` as Fastify's, and lacks `raw` and `routeOptions`. */
export function fromExpressRequest(request: ExpressRequest): FastifyRequest {
  request.raw ??= request;
  request.routeOptions ??= { url: String(request.route?.path) };
  return request as unknown as FastifyRequest;
}

/** An Express response with the interface of a Fastify reply. */
export class ExpressReply implements ViewReply {
  constructor(readonly raw: ServerResponse) {}

  /** Middleware has replaced how this response is sent, to wrap it or to hide parts of it. */
  get isReplaced(): boolean {
    return Object.hasOwn(this.raw, 'json') || Object.hasOwn(this.raw, 'send');
  }

  get sent(): boolean {
    return this.raw.headersSent;
  }

  get statusCode(): number {
    return this.raw.statusCode;
  }

  code(status: number): this {
    this.raw.statusCode = status;
    return this;
  }

  header(name: string, value: HeaderValue): this {
    this.raw.setHeader(name, value);
    return this;
  }

  headers(values: Readonly<Record<string, unknown>>): this {
    for (const [name, value] of Object.entries(values)) this.raw.setHeader(name, value as HeaderValue);
    return this;
  }

  getHeader(name: string): number | string | string[] | undefined {
    return this.raw.getHeader(name);
  }

  getHeaders(): Record<string, number | string | string[] | undefined> {
    return this.raw.getHeaders();
  }

  hasHeader(name: string): boolean {
    return this.raw.hasHeader(name);
  }

  removeHeader(name: string): this {
    this.raw.removeHeader(name);
    return this;
  }

  /** Does not use Express's own `send`, which would set an ETag and a content type. */
  send(payload?: string | Buffer): this {
    if (this.raw.statusCode !== 304) this.raw.setHeader('content-length', Buffer.byteLength(payload ?? ''));
    this.raw.end(payload);
    return this;
  }

  /** Serialises the value as Express does, which has no hook for its serialised response, and sends it. */
  sendValue(value: unknown, finish: Finish): Observable<never> {
    const payload = this.serialise(value);
    const serialised = { status: this.statusCode, headers: this.getHeaders(), payload };
    const sending = Promise.resolve(finish(serialised, payload)).then((body) => this.send(body as Buffer | undefined));
    // Never emits, because the value has been sent; fails as the handler would.
    return from(sending).pipe(mergeMap(() => NEVER));
  }

  /**
   * Holds back the response that the application's filters send, until `finish` has made its own of it. Express has no hook for
   * that, so this response's own `end` is covered until it is called. What a filter streams is sent as it comes.
   */
  holdResponse(finish: Finish): void {
    const { raw } = this;
    const finished = (payload: unknown): Promise<unknown> => {
      Reflect.deleteProperty(raw, 'end');
      Reflect.deleteProperty(raw, 'write');
      return Promise.resolve(finish({ status: raw.statusCode, headers: raw.getHeaders(), payload }, payload));
    };
    const write = (...args: Parameters<typeof raw.write>): boolean => {
      void finished(undefined).catch(() => undefined);
      return raw.write(...args);
    };
    const end = (...args: Parameters<typeof raw.end>): typeof raw => {
      const [payload] = args as unknown[];
      finished(payload).then(
        (body) => (body === payload ? raw.end(...args) : this.send(body as Buffer)),
        () => raw.end(...args),
      );
      return raw;
    };
    Object.assign(raw, { write, end });
  }

  private serialise(value: unknown): Buffer {
    if (value === null) return Buffer.alloc(0);
    const isText = typeof value === 'string';
    const text = isText ? value : this.jsonOf(value);
    const type = this.raw.getHeader('content-type') ?? (isText ? 'text/html' : 'application/json');
    if (typeof type === 'string') this.raw.setHeader('content-type', inUtf8(type));
    return Buffer.from(text);
  }

  private jsonOf(value: unknown): string {
    const { app } = this.raw as ServerResponse & { app?: { get(setting: string): unknown } };
    const [replacer, spaces, escape] = SETTINGS.map((setting) => app?.get(setting));
    const json = JSON.stringify(value, replacer as never, spaces as number | undefined);
    return escape ? json.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`) : json;
  }

  /** Maps a handler's value as Nest does for Express: text is HTML, and every object is JSON, bytes included. */
  asSent(next: CallHandler): CallHandler {
    return { handle: (): Observable<unknown> => next.handle().pipe(map((value: unknown) => this.valueOf(value))) };
  }

  private valueOf(value: unknown): unknown {
    if (value instanceof Uint8Array) return JSON.parse(JSON.stringify(value)) as unknown;
    const isPrinted = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return isPrinted || typeof value === 'bigint' ? String(value) : value;
  }
}

/** A content type as `res.send` sets it for a text. */
function inUtf8(type: string): string {
  const [media = '', ...parameters] = type.split(';').map((part) => part.trim());
  const named = parameters.map((parameter) => parameter.replace(/^[^=]*/, (name) => name.toLowerCase()));
  const others = named.filter((parameter) => parameter !== '' && !parameter.startsWith('charset='));
  return [media.toLowerCase(), ...[...others, 'charset=utf-8'].sort()].join('; ');
}
