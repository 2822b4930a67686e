import { Popularity, shuffled } from './popularity';
import { CLEARANCE, type Shelf } from './shelf';

/** How many products are requested at all, and how many pages of lists. */
const ASKED_FOR = 2_000;
const PAGES = 200;
const FEATURED_PAGES = 20;

/** What people ask for: which address is next. Kinds have a fixed share, and within each the popular are asked for more often. */
export class Shoppers {
  readonly products: Popularity<number>;
  private readonly lists: Popularity<string>;
  private readonly filters: Popularity<string>;
  private readonly featured: Popularity<string>;

  constructor(
    shelf: Shelf,
    private readonly random: () => number,
  ) {
    this.products = new Popularity(shuffled(shelf.ids, random).slice(0, ASKED_FOR), random);
    this.lists = new Popularity(numbered('/api/products', Math.min(PAGES, Math.ceil(shelf.ids.length / 50))), random);
    this.featured = new Popularity(numbered('/api/products/featured', FEATURED_PAGES), random);
    this.filters = new Popularity(shuffled(filters(shelf.categories), random), random);
  }

  next(): string {
    const dice = this.random();
    if (dice < 0.45) return `/api/products/${this.products.next()}`;
    if (dice < 0.7) return this.lists.next();
    if (dice < 0.9) return this.filters.next();
    if (dice < 0.97) return this.featured.next();
    return '/api/products/stats';
  }
}

function numbered(path: string, pages: number): string[] {
  return Array.from({ length: pages }, (_, index) => `${path}?page=${index + 1}`);
}

function filters(categories: readonly string[]): string[] {
  const narrowings = [
    '',
    '&page=2',
    '&ordering=price',
    '&ordering=-price',
    '&ordering=-rating',
    '&in_stock=true',
    '&max_price=20',
    '&min_price=50&max_price=100',
    '&min_rating=4',
    '&min_rating=4&in_stock=true',
    '&search=blue',
    '&ordering=name',
  ];
  const ofAll = [
    'ordering=price',
    'ordering=-rating',
    'max_price=10',
    'in_stock=true',
    'min_rating=4.8',
    'search=lamp',
  ];
  return [
    ...[...categories, CLEARANCE].flatMap((name) => narrowings.map((more) => `/api/products?category=${name}${more}`)),
    ...ofAll.map((query) => `/api/products?${query}`),
  ];
}
