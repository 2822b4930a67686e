/** Attributes of a span. Never keys or values of entries: they may contain personal data. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export type SpanName = 'cache.load' | 'cache.l2.read' | 'cache.drain' | 'cache.purge';

/** Records spans around slow work. An L1 hit never calls it. */
export interface Tracing {
  /** Runs `work` inside a span. `note` adds attributes meanwhile. An error of `work` is recorded and thrown on. */
  span<T>(
    name: SpanName,
    attributes: SpanAttributes,
    work: (note: (attributes: SpanAttributes) => void) => Promise<T>,
  ): Promise<T>;
  /** Records a span that began `ms` ago and has just ended. */
  past(name: SpanName, attributes: SpanAttributes, ms: number): void;
}

/** Records nothing. */
export const untraced: Tracing = { span: (_name, _attributes, work) => work(ignore), past: ignore };

function ignore(): void {}
