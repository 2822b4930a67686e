import { CallHandler, HttpException, StreamableFile } from '@nestjs/common';
import { lastValueFrom } from 'rxjs';
import type { Loaded } from '../../core/store/entry';
import type { DependencyTracker } from '../../core/clock/dependency-tracker';
import type { ViewReply } from './express';
import { StoredResponse } from './response/stored-response';

/** Largest body that is kept, in bytes. */
const MAX_BODY = 1024 * 1024;
/** What the transport or this cache says itself. */
const NOT_KEPT = new Set([
  'content-length',
  'date',
  'connection',
  'transfer-encoding',
  'etag',
  'cache-control',
  'vary',
]);

/** One run of a route's handler, and what became of it beside the answer to keep. */
export class HandlerRun {
  /** The handler refused the request; nothing older may stand in for that. */
  clientError: HttpException | undefined;
  /** What the handler gave cannot be kept and is passed on as it is. */
  uncacheable: { value: unknown } | undefined;
  /** A part of the answer is older than it should be, because its source failed: the answer is marked, and not kept. */
  isRescued = false;
  private before: Readonly<Record<string, unknown>> = {};

  constructor(
    private readonly next: CallHandler,
    private readonly reply: ViewReply,
    private readonly negativeTtl: number,
    private readonly scope: DependencyTracker,
  ) {}

  /** Runs the handler. @throws what it throws when the service is at fault: then an older answer may do */
  async load(): Promise<Loaded> {
    this.before = { ...this.reply.getHeaders() };
    let value: unknown;
    try {
      value = await lastValueFrom(this.next.handle() as never, { defaultValue: undefined });
    } catch (error) {
      return this.refused(error);
    }
    this.isRescued = this.scope.current()?.fromGrace ?? false;
    return this.keepable(value) ? this.kept(value) : this.pass(value);
  }

  /** "There is no such thing" is an answer, and worth keeping for a moment; any other refusal is this caller's own. */
  private refused(error: unknown): Loaded {
    if (!(error instanceof HttpException) || error.getStatus() >= 500) throw error;
    this.clientError = error;
    if (error.getStatus() !== 404) return { body: null, store: false };
    const payload = Buffer.from(JSON.stringify(error.getResponse()));
    return { body: StoredResponse.make(404, {}, payload).toBody(), ttl: this.negativeTtl };
  }

  private kept(value: unknown): Loaded {
    const payload = serialise(value);
    const answer = StoredResponse.make(this.reply.statusCode, this.ownHeaders(value), payload);
    return { body: answer.toBody(), store: payload.length <= MAX_BODY && !this.isRescued };
  }

  private pass(value: unknown): Loaded {
    this.uncacheable = { value };
    return { body: null, store: false };
  }

  private keepable(value: unknown): boolean {
    const { reply } = this;
    if (reply.sent || reply.statusCode !== 200 || reply.hasHeader('set-cookie')) return false;
    return value !== undefined && !(value instanceof StreamableFile) && !isStream(value);
  }

  /** What the handler has set; what was there before it, every answer of the server gets anyway. */
  private ownHeaders(value: unknown): Record<string, string> {
    const set = Object.entries(this.reply.getHeaders()).filter(
      ([name, header]) => this.before[name] !== header && !NOT_KEPT.has(name),
    );
    // A decorator's type was there before the handler.
    const type = (this.before['content-type'] as string | undefined) ?? typeOf(value);
    const own = Object.fromEntries(set.map(([name, header]) => [name, String(header)]));
    return { ...(type === undefined ? {} : { 'content-type': type }), ...own };
  }
}

/** The very bytes that the router would send. */
function serialise(value: unknown): Buffer {
  if (value === null) return Buffer.alloc(0);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}

/** The type that the router would give it. */
function typeOf(value: unknown): string | undefined {
  if (value === null) return undefined;
  if (typeof value === 'string') return 'text/plain; charset=utf-8';
  return value instanceof Uint8Array ? 'application/octet-stream' : 'application/json; charset=utf-8';
}

/** Node's streams, the web's, and fetch's Response. */
function isStream(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return 'pipe' in value || 'getReader' in value || value instanceof Response;
}
