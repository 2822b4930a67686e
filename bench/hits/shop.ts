import type { Shelf } from './shelf';
import { CLEARANCE } from './shelf';
import type { Shoppers } from './shoppers';

export interface Write {
  method: string;
  path: string;
  json?: unknown;
}

const RESTOCK = 40;

/** What the shop writes: four in five are sales of what is popular, and now and then it is restocked. */
export class Shop {
  constructor(
    private readonly shelf: Shelf,
    private readonly shoppers: Shoppers,
    private readonly random: () => number,
  ) {}

  next(): Write {
    const id = this.known();
    const { stock, price } = this.shelf.item(id)!;
    const path = `/api/products/${id}`;
    const dice = this.random();
    if (dice < 0.8) return this.sale(id, stock);
    if (dice < 0.88) {
      const json = { price: Math.max(1, Math.round(price * (90 + this.random() * 20)) / 100) };
      return { method: 'PATCH', path, json };
    }
    if (dice < 0.91) return { method: 'PATCH', path, json: { category: this.category() } };
    if (dice < 0.95) return this.arrival();
    if (dice < 0.98) {
      this.shelf.remove(id);
      return { method: 'DELETE', path };
    }
    const percent = this.random() < 0.5 ? 2 : -2;
    return { method: 'POST', path: '/api/products/reprice', json: { category: CLEARANCE, percent } };
  }

  private sale(id: number, stock: number): Write {
    const left = stock > 0 ? stock - 1 : RESTOCK;
    this.shelf.item(id)!.stock = left;
    return { method: 'PATCH', path: `/api/products/${id}`, json: { stock: left } };
  }

  private arrival(): Write {
    this.shelf.add();
    const json = { name: 'Lamp', price: 20, description: 'New.', category: this.category(), stock: 5, rating: 4.6 };
    return { method: 'POST', path: '/api/products', json };
  }

  private category(): string {
    const { categories } = this.shelf;
    return categories[Math.floor(this.random() * categories.length)]!;
  }

  /** One that is still there, the popular ones more often. */
  private known(): number {
    for (;;) {
      const id = this.shoppers.products.next();
      if (this.shelf.item(id)) return id;
    }
  }
}
