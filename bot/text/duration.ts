const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]

/** In the largest unit that says it exactly, e.g. 90 minutes. */
export function duration(ms: number): string {
  const [name, unit] = UNITS.find(([, of]) => ms >= of && ms % of === 0) ?? ['second', 1_000]
  const count = Math.max(1, Math.round(ms / unit))
  return `${count.toLocaleString('en')} ${name}${count === 1 ? '' : 's'}`
}
