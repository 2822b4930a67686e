import fc from 'fast-check';

export const KEYS = ['a', 'b'];
const key = fc.constantFrom(...KEYS);

/** What a client does; clients run side by side, each one thing after the other. */
export type Step =
  | { readonly do: 'read' | 'write'; readonly node: number; readonly key: string }
  | { readonly do: 'view' | 'page'; readonly node: number }
  | { readonly do: 'beat'; readonly node: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'forget' };

/** Up to four clients of up to six steps, on `nodes` nodes. */
export function clients(nodes: number): fc.Arbitrary<Step[][]> {
  const node = fc.nat({ max: nodes - 1 });
  const step = fc.oneof(
    { weight: 10, arbitrary: fc.record({ do: fc.constant('read' as const), node, key }) },
    { weight: 18, arbitrary: fc.record({ do: fc.constantFrom('view' as const, 'page' as const), node }) },
    { weight: 15, arbitrary: fc.record({ do: fc.constant('write' as const), node, key }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('beat' as const), node }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 150 }) }) },
    { weight: nodes > 1 ? 1 : 0, arbitrary: fc.constant({ do: 'forget' as const }) },
  );
  return fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 4 });
}

/** The same, but everybody wants the same key: what a broken law shows in soonest. */
export function rivals(nodes: number): fc.Arbitrary<Step[][]> {
  const node = fc.nat({ max: nodes - 1 });
  const step = fc.record({ do: fc.constantFrom('read' as const, 'write' as const), node, key: fc.constant('a') });
  return fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 3, maxLength: 4 });
}
