import { Inject, Injectable } from '@nestjs/common';
import { CacheQuery } from '../caching';
import { PAGE_SIZE, Problem } from '../http';
import { ProductDto, ProductRows } from '../products';
import { DashboardSummaryDto } from './dashboard.dto';
import { watchlistTags } from './watchlist.tags';
import { MAX_WATCHED, WatchlistRepository } from './watchlist.repository';

/** A line of a watchlist: which product, and since when. */
export interface Line {
  readonly id: number;
  readonly watched_at: string;
}

export interface Dashboard {
  /** Of everything on the list, not only of what this page shows. */
  readonly summary: DashboardSummaryDto;
  /** The JSON of each product of the page, with `watched_at`. */
  readonly texts: string[];
}

/** A product on a watchlist, as JSON. */
interface Watched {
  readonly json: string;
  readonly watched_at: string;
}

/** A list that changes all the time is shown as it was last. */
const ATTEMPTS = 3;

/** What belongs to one user. */
@Injectable()
export class AccountService {
  constructor(
    @Inject(WatchlistRepository) private readonly watchlist: WatchlistRepository,
    @Inject(ProductRows) private readonly products: ProductRows,
  ) {}

  /** Made of the list and of the products on it, each cached by itself: a sale costs it no query. */
  async dashboard(userId: string, page: number): Promise<Dashboard> {
    const watched = await this.watched(userId);
    const shown = watched.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE);
    // The row is one JSON object: the member goes before its brace.
    const since = (at: string): string => `,"watched_at":${JSON.stringify(at)}}`;
    return {
      summary: summaryOf(watched.map(({ json }) => JSON.parse(json) as ProductDto)),
      texts: shown.map(({ json, watched_at }) => json.slice(0, -1) + since(watched_at)),
    };
  }

  /**
   * The products on a list. If the list has changed while they were read, both are read again: a product as it is now was never on
   * the list as it was then.
   */
  private async watched(userId: string): Promise<Watched[]> {
    let lines = await this.lines(userId);
    for (let left = ATTEMPTS; ; left -= 1) {
      const rows = await this.products.cache.getMany(lines.map(({ id }) => id));
      const now = await this.lines(userId);
      if (left <= 1 || isSame(lines, now)) return join(lines, rows);
      lines = now;
    }
  }

  @CacheQuery({ private: true, tags: (_lines: Line[], userId: string) => watchlistTags(userId) })
  async lines(userId: string): Promise<Line[]> {
    const lines = await this.watchlist.lines(userId);
    return lines.map(({ productId, addedAt }) => ({ id: productId, watched_at: addedAt.toISOString() }));
  }

  /** Doing it twice is doing it once. @throws Problem 404; 409 when the list is full */
  async watch(userId: string, productId: number): Promise<void> {
    const outcome = await this.watchlist.add(userId, productId);
    if (outcome === 'unknown') throw new Problem(404, `There is no product ${productId}.`);
    if (outcome === 'full') throw new Problem(409, `A watchlist holds ${MAX_WATCHED} products, and yours is full.`);
  }

  /** What is not on the list is off it already. */
  unwatch(userId: string, productId: number): Promise<void> {
    return this.watchlist.remove(userId, productId);
  }
}

function isSame(lines: readonly Line[], others: readonly Line[]): boolean {
  return JSON.stringify(lines) === JSON.stringify(others);
}

function join(lines: readonly Line[], rows: readonly (string | null)[]): Watched[] {
  // A product that was just deleted may still be on the cached list.
  return lines.flatMap(({ watched_at }, at) => {
    const json = rows[at];
    return json ? [{ json, watched_at }] : [];
  });
}

function summaryOf(products: readonly ProductDto[]): DashboardSummaryDto {
  // Whole cents, as a sum of fractions is not exact.
  const cents = products.reduce((sum, { price }) => sum + Math.round(price * 100), 0);
  const inStock = products.filter(({ stock }) => stock > 0).length;
  return { watched: products.length, in_stock: inStock, total_price: cents / 100 };
}
