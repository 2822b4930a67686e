import FindMyWay from 'find-my-way';

/** Methods in the order in which `Allow` names them. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Which methods each URL takes: for 405, OPTIONS and preflights, which Fastify's router does not distinguish from a 404. */
export class RouteMethods {
  private readonly router: FindMyWay.Instance<FindMyWay.HTTPVersion.V1>;
  private readonly byPattern = new Map<string, Set<string>>();
  /** Those without parameters. */
  private readonly fixed = new Map<string, Set<string>>();

  /** @param options those of the router whose routes are added */
  constructor(options: { ignoreTrailingSlash: boolean; maxParamLength: number }) {
    this.router = FindMyWay(options);
  }

  add(methods: string | readonly string[], pattern: string): void {
    const known = this.byPattern.get(pattern);
    const set = known ?? new Set<string>();
    for (const method of [methods].flat()) set.add(method);
    if (!/[:*]/.test(pattern)) this.fixed.set(pattern, set);
    if (known) return;
    this.byPattern.set(pattern, set);
    this.router.on('GET', pattern, () => undefined, set);
  }

  /**
   * Whether the router took a URL that has a route of its own for another route's parameter, for want of the method:
   * `DELETE /api/products/stats` is no request to delete the product `stats`.
   */
  isMistaken(method: string, url: string, pattern: string | undefined): boolean {
    if (!pattern?.includes(':')) return false;
    return this.fixed.get(pathOf(url).replace(/\/$/, ''))?.has(method) === false;
  }

  /** The value of `Allow` (RFC 9110 §10.2.1); undefined for a URL that no route has. @param url with or without a query */
  allow(url: string): string | undefined {
    if (url === '*') return [...METHODS, 'OPTIONS'].join(', ');
    const found = this.router.find('GET', pathOf(url));
    if (!found) return undefined;
    const methods = found.store as Set<string>;
    return [...METHODS.filter((method) => methods.has(method)), 'OPTIONS'].join(', ');
  }
}

export function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '/';
}
