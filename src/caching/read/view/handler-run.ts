import { CallHandler, HttpException, StreamableFile } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { lastValueFrom } from 'rxjs';
import { mayLack } from '../../core/clock/cache-token';
import type { DependencyTracker } from '../../core/clock/dependency-tracker';
import type { Loaded } from '../../core/store/entry';
import type { ViewReply } from './express';
import type { FrameworkResponse } from './framework-capture';
import { storableRefusal } from './response/refusal';
import { type KeyParts, storableHeaders } from './response/storable';
import { StoredResponse } from './response/stored-response';

/** Largest body that is stored, in bytes. */
const MAX_BODY = 1024 * 1024;
const NOT_STORED: Loaded = { body: null, store: false };

/**
 * One run of a route's handler. The value it returns goes through the framework, and what the framework makes of it
 * is what gets stored (Law 9): `load` waits for `capture`.
 */
export class HandlerRun {
  /** The handler refused the request with a status below 500; no older response may replace that. */
  clientError: HttpException | undefined;
  /** The handler's value cannot be stored; the framework sends it as without a cache. */
  isUncacheable = false;
  /** Wall clock in ms when the oldest part that came from grace was created: the response is marked, and not stored. */
  staleSince: number | undefined;
  /** A part that came from grace may lack a write that the request's Cache-Token names: it is not sent. */
  isTooOld = false;
  /** Resolves when the handler has returned a value that the framework has to serialise. */
  private readonly produced: Promise<void>;
  value: unknown;
  /** Headers of the stored response. */
  headers: Readonly<Record<string, string>> = {};
  /** What the handler threw, until the application's filters have made a response of it. */
  thrown: { readonly error: unknown } | undefined;
  private before: Readonly<Record<string, unknown>> = {};
  /** Undefined until the handler runs. */
  private statusBefore: number | undefined;
  private markProduced!: () => void;
  private deliver: ((response: FrameworkResponse | undefined) => void) | undefined;
  private judged: ((status: number | undefined) => void) | undefined;
  private isAbandoned = false;

  constructor(
    private readonly next: CallHandler,
    private readonly request: Pick<FastifyRequest, 'headers'>,
    private readonly reply: ViewReply,
    private readonly dependencies: DependencyTracker,
    private readonly route: KeyParts & { readonly isRedirect: boolean },
    /** Milliseconds that a 404 is cached. */
    private readonly negativeTtl: number,
  ) {
    this.produced = new Promise((resolve) => (this.markProduced = resolve));
  }

  /** Runs the handler and waits for the framework. @throws what the handler throws with a status of 500 or more */
  async load(): Promise<Loaded> {
    this.before = { ...this.reply.getHeaders() };
    this.statusBefore = this.reply.statusCode;
    try {
      this.value = await lastValueFrom(this.next.handle());
    } catch (error) {
      return this.failed(error);
    }
    this.staleSince = this.dependencies.staleSince();
    const oldest = this.staleSince === undefined ? undefined : this.dependencies.oldest();
    this.isTooOld = oldest !== undefined && mayLack(oldest, this.request.headers);
    if (this.isAbandoned) return NOT_STORED;
    const isSettled = this.reply.sent || this.reply.statusCode !== 200;
    this.isUncacheable = isSettled || this.route.isRedirect || !isWhole(this.value);
    if (this.isUncacheable) return NOT_STORED;
    return this.captured();
  }

  /** True when the handler returned a value before the response was found: then this request's own response is sent. */
  isProducedBefore(finding: Promise<unknown>): Promise<boolean> {
    const found = (): boolean => false;
    return Promise.race([this.produced.then(() => true), finding.then(found, found)]);
  }

  /** Takes what the framework is about to send. @param final headers after all hooks of the application */
  capture(response: FrameworkResponse, final: Readonly<Record<string, unknown>>): void {
    const headers = storableHeaders(this.before, response.headers, final, this.route);
    const isStorable = response.status === 200 && headers !== undefined && isBytes(response.payload);
    this.isUncacheable = !isStorable;
    this.deliver?.(isStorable ? { ...response, headers } : undefined);
  }

  /** The application's filters have made a response of the error. */
  captureError(response: FrameworkResponse): void {
    this.judged?.(response.status);
  }

  /** Another response was found first: the handler's value is not needed any more. */
  abandon(): void {
    this.isAbandoned = true;
    this.deliver?.(undefined);
    this.judged?.(undefined);
  }

  /** Another response is sent: what the handler set for its own so far, headers and status, must not be sent with it. */
  undo(): void {
    const { reply, before, statusBefore } = this;
    if (statusBefore === undefined || reply.sent) return;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value === before[name]) continue;
      void reply.removeHeader(name);
      if (before[name] !== undefined) void reply.header(name, before[name] as string);
    }
    void reply.code(statusBefore);
  }

  private async captured(): Promise<Loaded> {
    const capturing = new Promise<FrameworkResponse | undefined>((resolve) => (this.deliver = resolve));
    // A client that hangs up may leave the framework with nothing to send.
    this.reply.raw.once('close', () => this.deliver?.(undefined));
    this.markProduced();
    const response = await capturing;
    if (!response) return NOT_STORED;
    this.headers = response.headers as Record<string, string>;
    const { body, size } = StoredResponse.encode(response.status, this.headers, response.payload as string | Buffer);
    return { body, store: size <= MAX_BODY && this.staleSince === undefined };
  }

  /**
   * A status below 500 is the response of a healthy source, be it the error's own or that of a filter which maps it.
   * @throws `error` when it is a failure of the source
   */
  private async failed(error: unknown): Promise<Loaded> {
    if (error instanceof HttpException && error.getStatus() < 500) return this.refused(error);
    if (this.isAbandoned || this.reply.raw.destroyed) throw error;
    const judging = new Promise<number | undefined>((resolve) => (this.judged = resolve));
    this.reply.raw.once('close', () => this.judged?.(undefined));
    this.thrown = { error };
    this.markProduced();
    if (((await judging) ?? 500) >= 500) throw error;
    this.isUncacheable = true;
    return NOT_STORED;
  }

  /** A 404 is cached; any other refusal belongs to this caller alone. */
  private refused(error: HttpException): Loaded {
    this.clientError = error;
    const refusal = error.getStatus() === 404 && this.addsNothing() ? storableRefusal(error) : undefined;
    if (!refusal) return NOT_STORED;
    const { body } = StoredResponse.encode(404, {}, refusal.text, refusal.type);
    return { body, ttl: this.negativeTtl };
  }

  /** Whether the response so far is that of any request: a filter adds to it, but what the handler set would be lost on a hit. */
  private addsNothing(): boolean {
    const headers = this.reply.getHeaders();
    const own = storableHeaders(this.before, headers, headers, this.route);
    return own !== undefined && Object.keys(own).every((name) => headers[name] === this.before[name]);
  }
}

/** Whether a value becomes one body at once. Streams of Node and the web, files and fetch's Response do not. */
function isWhole(value: unknown): boolean {
  if (value === undefined || value instanceof StreamableFile) return false;
  if (typeof value !== 'object' || value === null) return true;
  return !('pipe' in value || 'getReader' in value || value instanceof Response);
}

function isBytes(payload: unknown): boolean {
  return typeof payload === 'string' || Buffer.isBuffer(payload);
}
