import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

/** WCAG 2.2, 1.4.3 and 1.4.11, of the colours that every page is made of: https://www.w3.org/TR/WCAG22/#contrast-minimum */
const css = readFileSync(join(import.meta.dirname, '../../../bot/console/web/base.css'), 'utf8')

function coloursIn(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]))
}

const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)')
const schemes = { light: coloursIn(light), dark: coloursIn(dark) } as const

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

/** Text on what it stands on. */
const TEXTS = [
  ['ink', 'paper'],
  ['ink', 'card'],
  ['ink', 'wash'],
  ['ink', 'code'],
  ['soft', 'paper'],
  ['soft', 'card'],
  ['soft', 'wash'],
  ['accent', 'paper'],
  ['accent', 'card'],
  ['accent-strong', 'wash'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
  ['danger', 'paper'],
  ['danger', 'card'],
  ['danger', 'danger-wash'],
] as const

describe.each(['light', 'dark'] as const)('in the %s scheme', (scheme) => {
  const colour = (name: string): string => schemes[scheme].get(name) ?? 'missing'

  test.each(TEXTS)('%s can be read on %s', (text, ground) => {
    expect(contrast(colour(text), colour(ground))).toBeGreaterThanOrEqual(4.5)
  })

  test('the focus and what a field is bounded by can be seen', () => {
    for (const ground of ['paper', 'card'])
      for (const mark of ['accent', 'edge'])
        expect(contrast(colour(mark), colour(ground)), `${mark} on ${ground}`).toBeGreaterThanOrEqual(3)
  })
})
