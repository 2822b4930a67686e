import { ServiceUnavailableException } from '@nestjs/common';
import { type Observable, of } from 'rxjs';
import { ExpressReply, type ViewReply } from './express';
import { captureResponse, type Finish } from './framework-capture';
import type { HandlerRun } from './handler-run';
import { asJsonText } from './json-text';
import { uncachedMarks } from './response/headers';

/** Gives a value to the framework, which sends what `finish` makes of its response. */
export function handOver(value: unknown, reply: ViewReply, finish: Finish): Observable<unknown> {
  if (reply instanceof ExpressReply) return reply.sendValue(value, finish);
  captureResponse(reply, finish);
  return of(asJsonText(value, reply));
}

/** The error of a request whose Cache-Token names a write that nothing at hand is certain to have. */
export function tooOld(reply: ViewReply): ServiceUnavailableException {
  void reply.header('retry-after', '1');
  return new ServiceUnavailableException(
    'The source does not respond, and what is cached may be older than the write that Cache-Token names.',
  );
}

/** Marks a response that is sent as without the cache. @param name of this cache in Cache-Status */
export function markUncacheable(name: string, reply: ViewReply, { staleSince }: HandlerRun): void {
  if (reply.sent) return;
  void reply.headers({ ...uncachedMarks(name, 'not-cacheable', staleSince, Date.now()) });
  if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
}
