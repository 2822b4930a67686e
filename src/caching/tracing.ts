/** What a span may say. No keys of entries, no values: they name people. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export type SpanName = 'cache.load' | 'cache.l2.read' | 'cache.drain' | 'cache.purge';

/** Wraps what takes its time. Off the path of a hit, so that an L1 hit never meets it. */
export interface Tracing {
  /** Runs `work` inside a span; `note` adds to it what only shows meanwhile. What `work` throws is noted, and thrown. */
  span<T>(
    name: SpanName,
    attributes: SpanAttributes,
    work: (note: (attributes: SpanAttributes) => void) => Promise<T>,
  ): Promise<T>;
  /** A span of what has just ended, and began `ms` ago. */
  past(name: SpanName, attributes: SpanAttributes, ms: number): void;
}

/** Nobody watches. */
export const untraced: Tracing = { span: (_name, _attributes, work) => work(ignore), past: ignore };

function ignore(): void {}
