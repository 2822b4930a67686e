/** A product as the API answers it. */
export interface ProductJson {
  id: number;
  name: string;
  price: number;
  description: string;
  category: string;
  stock: number;
  rating: number;
  created_at: string;
  updated_at: string;
  currency?: string;
  exchange?: { rate: number; as_of: string; source: string };
}

export interface PageJson<T = ProductJson> {
  count: number;
  next: string | null;
  previous: string | null;
  results: T[];
}

export const KETTLE = {
  name: 'Copper Kettle',
  price: 39.9,
  description: 'Boils a litre in two minutes.',
  category: 'test-kitchen',
  stock: 12,
  rating: 4.6,
};
