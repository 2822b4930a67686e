import { Readable } from 'node:stream';
import type { ServerResponse } from 'node:http';
import { StreamableFile } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** For the last event to be sent, in ms. */
const LEEWAY = 1_000;
/** Of Node, in ms: a longer timer would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** One JSON line for each value. `onClose` runs once: at the end, when the client disconnects, or on failure. */
export function ndjson(values: AsyncIterable<unknown>, onClose: () => void): StreamableFile {
  return streamed(lines(values), 'application/x-ndjson; charset=utf-8', onClose);
}

export interface ServerSentEvent {
  readonly event: string;
  readonly data: unknown;
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function eventStream(events: AsyncIterable<ServerSentEvent>): StreamableFile {
  return streamed(frames(events), 'text/event-stream; charset=utf-8');
}

async function* lines(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}

async function* frames(events: AsyncIterable<ServerSentEvent>): AsyncGenerator<string> {
  for await (const { event, data } of events) yield `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/**
 * Runs `left` once, when the client has gone: by the socket, because a response that waits behind others on its connection is never
 * published. And ends a stream that its client stopped reading: its generator is not run again to check the time.
 * @param at when it has to end at the latest, as Unix time in ms
 */
export function whenGone({ raw }: FastifyRequest, response: ServerResponse, at: number, left: () => void): void {
  const { socket } = raw;
  const remaining = Math.min(Math.max(0, at - Date.now()) + LEEWAY, LONGEST_TIMER);
  const timer = setTimeout(() => socket.destroy(), remaining).unref();
  const end = (): void => {
    clearTimeout(timer);
    socket.off('close', end);
    response.off('close', end);
    left();
  };
  if (socket.destroyed) return end();
  socket.once('close', end);
  response.once('close', end);
}

/** Pull-based, so a slow client applies back-pressure and nothing is buffered. */
function streamed(text: AsyncIterable<string>, type: string, onClose?: () => void): StreamableFile {
  const stream = Readable.from(text, { objectMode: false, highWaterMark: 1 });
  if (onClose) stream.once('close', onClose);
  return new StreamableFile(stream, { type });
}
