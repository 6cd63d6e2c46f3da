import { setImmediate as turn } from 'node:timers/promises'

const SLICE_MS = 5

/** Does it for one item after the other, and lets everything else have its turn every few milliseconds. */
export async function inSlices<Item, Result>(items: Iterable<Item>, work: (item: Item) => Result): Promise<Result[]> {
  const results: Result[] = []
  let until = performance.now() + SLICE_MS
  for (const item of items) {
    results.push(work(item))
    if (performance.now() < until) continue
    await turn()
    until = performance.now() + SLICE_MS
  }
  return results
}
