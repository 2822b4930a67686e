/** What keys begin with: whole answers, results of methods, what the application keeps by itself. */
export const LAYERS = ['view', 'query', 'store'] as const;
export type Layer = (typeof LAYERS)[number];

export function layerOf(key: string): Layer {
  if (key.startsWith('view:')) return 'view';
  return key.startsWith('query:') ? 'query' : 'store';
}
