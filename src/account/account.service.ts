import { Inject, Injectable } from '@nestjs/common';
import { CacheQuery } from '../caching';
import { PAGE_SIZE, Problem } from '../http';
import { ProductDto } from '../products';
import { DashboardSummaryDto, WatchedProductDto } from './dashboard.dto';
import { dashboardTags } from './watchlist.tags';
import { MAX_WATCHED, WatchlistRepository } from './watchlist.repository';

export interface Dashboard {
  summary: DashboardSummaryDto;
  /** Everything on the list, not only what this page shows: the summary depends on it. */
  productIds: number[];
  results: WatchedProductDto[];
}

/** What belongs to one user. */
@Injectable()
export class AccountService {
  constructor(@Inject(WatchlistRepository) private readonly watchlist: WatchlistRepository) {}

  @CacheQuery({
    private: true,
    tags: ({ productIds }: Dashboard, userId: string, _page: number) => dashboardTags(userId, productIds),
  })
  async dashboard(userId: string, page: number): Promise<Dashboard> {
    const [{ summary, productIds }, watched] = await Promise.all([
      this.watchlist.summary(userId),
      this.watchlist.page(userId, { offset: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE }),
    ]);
    const results = watched.map(({ product, addedAt }) => ({
      ...ProductDto.of(product),
      watched_at: addedAt.toISOString(),
    }));
    return { summary, productIds, results };
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
