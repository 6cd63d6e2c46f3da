/** Everything that can be reached from one OID, itself included. */
export function closure(links: ReadonlyMap<number, readonly number[]>, oid: number): ReadonlySet<number> {
  const found = new Set([oid])
  for (const member of found) for (const next of links.get(member) ?? []) found.add(next)
  return found
}

export function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}

export function grouped<K, V>(values: readonly V[], keyOf: (value: V) => K): ReadonlyMap<K, readonly V[]> {
  const groups = new Map<K, V[]>()
  for (const value of values) append(groups, keyOf(value), value)
  return groups
}
