import { type CacheOutcome, CACHE_OUTCOMES } from '../../read/view/cache-outcome';
import { LatencyHistogram } from './latency-histogram';

/** Label of any other method. */
const OTHER = 'other';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', OTHER];

/** Labels of one series. Each has few values, whatever clients send. */
export interface RequestSeries {
  readonly method: string;
  /** Route pattern, or `none` without a matching route. */
  readonly route: string;
  /** `2xx` */
  readonly status: string;
  readonly cache: CacheOutcome;
  readonly latencies: LatencyHistogram;
}

/** Count and duration of requests by method, route, status class and cache outcome. */
export class Requests {
  /** Two short lookups are cheaper than one with a long joined key; this runs at every hit. */
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
