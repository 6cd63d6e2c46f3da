import { z } from 'zod'
import type { Coverage } from '../../../policies/test-policies.ts'
import type { Difference } from '../../replay/difference.ts'

/**
 * What a team lets a pull request change without being stopped: `replay` in the data of the policies that are in force.
 * Not in those of the pull request: nobody lowers the bar with what has to pass it.
 */
const percent = z.number().min(0).max(100)
const thresholds = z.strictObject({
  days: z.int().min(1).max(365).default(7),
  inputs_max: z.int().min(1).max(1_000_000).default(100_000),
  differing_percent_max: percent.default(100),
  newly_allowed_max: z.int().min(0).nullable().default(null),
  newly_denied_max: z.int().min(0).nullable().default(null),
  newly_held_max: z.int().min(0).nullable().default(null),
  coverage_percent_min: percent.default(0),
})

export type Thresholds = z.infer<typeof thresholds>
const DEFAULTS: Thresholds = thresholds.parse({})

/** @returns null when the team's own cannot be read: then nothing passes */
export function thresholdsIn(data: Buffer | null): Thresholds | null {
  if (data === null) return DEFAULTS
  const { replay } = JSON.parse(data.toString('utf8')) as { readonly replay?: unknown }
  if (replay === undefined) return DEFAULTS
  const parsed = thresholds.safeParse(replay)
  return parsed.success ? parsed.data : null
}

/** Each limit that was passed, as a sentence. */
export function passedLimits(
  limits: Thresholds | null,
  difference: Difference | null,
  coverage: Coverage,
): readonly string[] {
  if (limits === null) return ['The thresholds in data.replay of the policies in force cannot be read.']
  const passed: string[] = []
  if (coverage.percent < limits.coverage_percent_min)
    passed.push(`Tests reach ${coverage.percent} % of the rules; the team wants ${limits.coverage_percent_min} %.`)
  if (difference === null) return passed
  const share = difference.decisions === 0 ? 0 : (100 * difference.differing.decisions) / difference.decisions
  if (share > limits.differing_percent_max)
    passed.push(
      `${share.toFixed(2)} % of the decisions would differ; the team allows ${limits.differing_percent_max} %.`,
    )
  const newly = [
    ['allow', 'allowed', limits.newly_allowed_max],
    ['hold', 'held', limits.newly_held_max],
    ['deny', 'denied', limits.newly_denied_max],
  ] as const
  for (const [to, word, max] of newly) {
    const count = newlyDecided(difference, to)
    if (max !== null && count > max) passed.push(`${count} decisions would newly be ${word}; the team allows ${max}.`)
  }
  return passed
}

function newlyDecided({ ways }: Difference, outcome: 'allow' | 'hold' | 'deny'): number {
  return ways
    .filter(({ from, to }) => to === outcome && from !== outcome)
    .reduce((sum, { decisions }) => sum + decisions, 0)
}
