/** What a category sells: how much of the catalogue it is, its price range in cents, and the words its names are made of. */
export interface Shelf {
  category: string;
  share: number;
  cents: readonly [lowest: number, highest: number];
  kinds: readonly string[];
}

export const SHELVES: readonly Shelf[] = [
  {
    category: 'electronics',
    share: 20,
    cents: [999, 249_900],
    kinds: ['Headphones', 'Keyboard', 'Monitor', 'Speaker'],
  },
  { category: 'books', share: 16, cents: [299, 8_900], kinds: ['Novel', 'Atlas', 'Cookbook', 'Biography'] },
  { category: 'clothing', share: 14, cents: [500, 39_900], kinds: ['Jacket', 'Shirt', 'Scarf', 'Trousers'] },
  { category: 'kitchen', share: 11, cents: [399, 89_900], kinds: ['Kettle', 'Pan', 'Knife', 'Grinder'] },
  { category: 'toys', share: 9, cents: [199, 19_900], kinds: ['Puzzle', 'Train', 'Kite', 'Blocks'] },
  { category: 'sports', share: 8, cents: [500, 129_900], kinds: ['Racket', 'Helmet', 'Dumbbell', 'Tent'] },
  { category: 'garden', share: 7, cents: [299, 69_900], kinds: ['Spade', 'Lantern', 'Planter', 'Hose'] },
  { category: 'beauty', share: 6, cents: [250, 14_900], kinds: ['Soap', 'Balm', 'Brush', 'Serum'] },
  { category: 'office', share: 4, cents: [99, 59_900], kinds: ['Notebook', 'Lamp', 'Chair', 'Pen'] },
  { category: 'music', share: 3, cents: [900, 399_900], kinds: ['Guitar', 'Violin', 'Metronome', 'Drum'] },
  { category: 'pets', share: 2, cents: [199, 24_900], kinds: ['Leash', 'Basket', 'Feeder', 'Collar'] },
];

export const QUALITIES = [
  'Amber',
  'Compact',
  'Copper',
  'Everyday',
  'Featherlight',
  'Folding',
  'Heritage',
  'Linen',
  'Midnight',
  'Nordic',
  'Oak',
  'Quiet',
  'Solar',
  'Sturdy',
  'Travel',
  'Velvet',
] as const;

export const PROMISES = [
  'Made to be repaired rather than replaced.',
  'Small enough for a shelf, good enough for a lifetime.',
  'Tested for two winters before it was sold.',
  'Comes with spare parts and an honest manual.',
  'A favourite of people who own very little.',
  'Packed without plastic.',
  'Works the first time, and the thousandth.',
] as const;
