import { randomFrom } from '../test/support/random';
import { tokenFor } from '../test/support/client';
import { ask, type Question } from '../bench/ask';
import { EDITOR, UNSEEN } from '../bench/catalogue-requests';
import type { Shelf } from '../bench/hits/shelf';
import { Shop } from '../bench/hits/shop';
import { Shoppers } from '../bench/hits/shoppers';
import { quantile } from '../bench/statistics';

const USERS = Array.from({ length: 20 }, (_, user) => tokenFor(`soak-${user}`));
/** Products on each watchlist. */
const WATCHED = 5;
/** Requests under way at the same time, at most. */
const AT_ONCE = 24;
/** How often the paced traffic looks at what is due, in ms. */
const TICK = 4;
/** Only so many latencies are kept, spread over the whole time. */
const KEEP = 50_000;

export interface Counts {
  requests: number;
  writes: number;
  notModified: number;
  /** Of statuses that nothing here should get. */
  failed: number;
}

type Kind = 'read' | 'revalidated' | 'gzip' | 'private' | 'unseen' | 'write';
/** Shares of a hundred. */
const MIX: readonly [Kind, number][] = [
  ['read', 52],
  ['revalidated', 12],
  ['gzip', 12],
  ['private', 10],
  ['unseen', 8],
  ['write', 6],
];
export const MIX_TEXT = MIX.map(([kind, share]) => `${share} % ${kind}`).join(', ');

/** A mix of everything, asked of one service. */
export class Traffic {
  readonly counts: Counts = { requests: 0, writes: 0, notModified: 0, failed: 0 };
  private readonly random: () => number;
  private readonly shoppers: Shoppers;
  private readonly shop: Shop;
  private readonly etags = new Map<string, string>();
  private readonly ms: number[] = [];
  private unseen = 0;
  private underWay = 0;

  constructor(
    private readonly url: string,
    shelf: Shelf,
    seed: number,
  ) {
    this.random = randomFrom(seed);
    this.shoppers = new Shoppers(shelf, this.random);
    this.shop = new Shop(shelf, this.shoppers, this.random);
  }

  /** Gives every user a watchlist. */
  async prepare(): Promise<void> {
    const watch = async (token: string): Promise<void> => {
      for (let n = 0; n < WATCHED; n += 1) {
        const path = `/api/me/watchlist/${this.shoppers.products.next()}`;
        await ask(this.url, path, { method: 'PUT', token, absent: true });
      }
    };
    await Promise.all(USERS.map(watch));
  }

  /** As many as it takes, without a pause. @returns requests a second */
  async flood(seconds: number): Promise<number> {
    const [began, before] = [performance.now(), this.counts.requests];
    const until = began + seconds * 1_000;
    const one = async (): Promise<void> => {
      while (performance.now() < until) await this.request();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    return ((this.counts.requests - before) / (performance.now() - began)) * 1_000;
  }

  /** So many a second for as long as `running` says. Who cannot be sent in time, because too many wait, is not sent. */
  async pace(perSecond: number, running: () => boolean): Promise<void> {
    let due = 0;
    for (let last = performance.now(); running();) {
      await new Promise((resolve) => setTimeout(resolve, TICK));
      const now = performance.now();
      due = Math.min(AT_ONCE, due + ((now - last) * perSecond) / 1_000);
      last = now;
      for (; due >= 1 && this.underWay < AT_ONCE; due -= 1) void this.request();
    }
    while (this.underWay > 0) await new Promise((resolve) => setTimeout(resolve, TICK));
  }

  latency(share: number): number {
    return quantile(this.ms, share);
  }

  private async request(): Promise<void> {
    this.underWay += 1;
    try {
      const [path, question] = this.pick();
      const { ms, status, headers } = await ask(this.url, path, { ...question, absent: true });
      if (status === 304) this.counts.notModified += 1;
      else if (headers.etag && this.etags.size < 1_000) this.etags.set(path, String(headers.etag));
      this.ms[this.counts.requests % KEEP] = ms;
    } catch {
      this.counts.failed += 1;
    } finally {
      this.counts.requests += 1;
      this.underWay -= 1;
    }
  }

  private pick(): [path: string, question: Question] {
    const path = this.shoppers.next();
    const kind = this.kind();
    switch (kind) {
      case 'read':
        return [path, {}];
      case 'revalidated':
        return [path, { headers: { 'if-none-match': this.etags.get(path) ?? '"none"' } }];
      case 'gzip':
        return [path, { headers: { 'accept-encoding': 'gzip' } }];
      case 'private':
        return ['/api/me/dashboard', { token: USERS[Math.floor(this.random() * USERS.length)] }];
      case 'unseen':
        return [UNSEEN.replace('{n}', String(100_000 + (this.unseen += 1))), {}];
      case 'write': {
        this.counts.writes += 1;
        const { method, path: written, json } = this.shop.next();
        return [written, { method, json, token: EDITOR }];
      }
      default:
        return kind satisfies never;
    }
  }

  private kind(): Kind {
    let dice = this.random() * 100;
    for (const [kind, share] of MIX) if ((dice -= share) < 0) return kind;
    return 'read';
  }
}
