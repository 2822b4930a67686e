import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Tracing } from '../../tracing';

/**
 * Spans through the API of OpenTelemetry. Whoever has loaded an SDK before decides where they go; without one they are nothing, as
 * that API has it.
 */
export function openTelemetryTracing(): Tracing {
  const tracer = trace.getTracer('strata/caching');
  return {
    span: (name, attributes, work) =>
      tracer.startActiveSpan(name, { kind: SpanKind.INTERNAL, attributes: attributes }, async (span) => {
        try {
          return await work((more) => span.setAttributes(more));
        } catch (error) {
          // Messages of drivers carry values; the kind of error is enough.
          span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
          span.setStatus({ code: SpanStatusCode.ERROR });
          throw error;
        } finally {
          span.end();
        }
      }),
    past: (name, attributes, ms) => {
      const now = Date.now();
      tracer.startSpan(name, { attributes: attributes, startTime: now - ms }).end(now);
    },
  };
}
