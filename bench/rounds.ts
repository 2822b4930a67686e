/**
 * Measures every case once a round, so that whatever else the machine does in the meantime falls on all of them alike. Every other round
 * goes backwards: one that always came second would find warmer caches.
 * @returns what was measured, by case, in the order of the cases
 */
export async function interleaved<C, T>(
  cases: readonly C[],
  rounds: number,
  measure: (one: C, round: number) => Promise<T>,
): Promise<Map<C, T[]>> {
  const measured = new Map(cases.map((one) => [one, [] as T[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const one of round % 2 === 0 ? cases : [...cases].reverse()) {
      measured.get(one)!.push(await measure(one, round));
    }
  }
  return measured;
}
