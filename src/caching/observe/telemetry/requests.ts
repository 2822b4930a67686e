import { type CacheOutcome, CACHE_OUTCOMES } from '../../read/view/cache-outcome';
import { LatencyHistogram } from './latency-histogram';

/** Whatever else a client may send. */
const OTHER = 'other';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', OTHER];

/** Requests that are alike, as far as anybody tells them apart. Each label has few values, whatever clients send. */
export interface RequestSeries {
  readonly method: string;
  /** A pattern of the router, or `none` where it knows no such route. */
  readonly route: string;
  /** `2xx` */
  readonly status: string;
  readonly cache: CacheOutcome;
  readonly latencies: LatencyHistogram;
}

/** Requests by method, route, class of status, and what they were answered from: how many, and how long they took. */
export class Requests {
  /** Two short looks, the second by number, instead of one at a long text: every hit pays for it. */
  private readonly routes = new Map<string, Map<number, RequestSeries>>();

  add(method: string, route: string, status: number, cache: CacheOutcome, ms: number): void {
    let kinds = this.routes.get(route);
    if (!kinds) this.routes.set(route, (kinds = new Map<number, RequestSeries>()));
    const hundreds = Math.floor(status / 100);
    const known = METHODS.indexOf(method);
    const kind =
      ((known < 0 ? METHODS.length : known) * 10 + hundreds) * CACHE_OUTCOMES.length + CACHE_OUTCOMES.indexOf(cache);
    let series = kinds.get(kind);
    if (!series) {
      series = {
        method: METHODS[known] ?? OTHER,
        route,
        status: `${hundreds}xx`,
        cache,
        latencies: new LatencyHistogram(),
      };
      kinds.set(kind, series);
    }
    series.latencies.add(ms);
  }

  series(): RequestSeries[] {
    return [...this.routes.values()].flatMap((kinds) => [...kinds.values()]);
  }
}
