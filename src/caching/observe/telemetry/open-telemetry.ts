import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Tracing } from '../../tracing';

/**
 * Spans through the OpenTelemetry API. The SDK that the application has loaded decides where they go; without one they
 * are no-ops.
 */
export function openTelemetryTracing(): Tracing {
  const tracer = trace.getTracer('strata/caching');
  return {
    span: (name, attributes, work) =>
      tracer.startActiveSpan(name, { kind: SpanKind.INTERNAL, attributes: attributes }, async (span) => {
        try {
          return await work((more) => span.setAttributes(more));
        } catch (error) {
          // Driver messages can contain values, so only the error's kind is recorded.
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
