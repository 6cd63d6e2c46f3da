/** A tree as one flat list: path → `mode type sha`. What is the same here is the same, byte for byte. */
export type Tree = ReadonlyMap<string, string>

/** What became of each path that differs; null: it is not there. */
export type Changes = ReadonlyMap<string, readonly [before: string | null, after: string | null]>

export function changesBetween(before: Tree, after: Tree): Changes {
  const changes = new Map<string, readonly [string | null, string | null]>()
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const was = before.get(path) ?? null
    const is = after.get(path) ?? null
    if (was !== is) changes.set(path, [was, is])
  }
  return changes
}

/**
 * Whether a merge did exactly what was reviewed. Where the branch had moved on meanwhile, whole trees differ although
 * nothing was added; but then no file may have been changed on both sides, since nobody reviewed the mixture.
 */
export function sameChanges(reviewed: Changes, merged: Changes): boolean {
  if (reviewed.size !== merged.size) return false
  return [...reviewed].every(([path, [was, is]]) => {
    const other = merged.get(path)
    return other !== undefined && other[0] === was && other[1] === is
  })
}
