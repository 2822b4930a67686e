import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';

/** One JSON line for each value. `onClose` runs once: at the end, when the client disconnects, or on failure. */
export function ndjson(values: AsyncIterable<unknown>, onClose: () => void): StreamableFile {
  return streamed(lines(values), 'application/x-ndjson; charset=utf-8', onClose);
}

export interface ServerSentEvent {
  readonly event: string;
  readonly data: unknown;
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function eventStream(events: AsyncIterable<ServerSentEvent>, onClose: () => void): StreamableFile {
  return streamed(frames(events), 'text/event-stream; charset=utf-8', onClose);
}

async function* lines(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}

async function* frames(events: AsyncIterable<ServerSentEvent>): AsyncGenerator<string> {
  for await (const { event, data } of events) yield `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Pull-based, so a slow client applies back-pressure and nothing is buffered. */
function streamed(text: AsyncIterable<string>, type: string, onClose: () => void): StreamableFile {
  const stream = Readable.from(text, { objectMode: false, highWaterMark: 1 });
  stream.once('close', onClose);
  return new StreamableFile(stream, { type });
}
