import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { answering, onCall } from './answering.ts'
import { PolicyError } from './errors.ts'

/** What data/holds.yaml and data/oncall.yaml may say about answering; the rules hand it on as it is. */
const { remindMs, delegates, sameShape } = answering.shape
const milliseconds = z.int().min(1_000)

/** A review that nobody does in time is somebody else's as well. */
type Escalating = {
  readonly break_glass?: { readonly escalate_to?: string | undefined } | null | undefined
  readonly escalate?: object | null | undefined
}
const escalates = ({ break_glass: glass, escalate }: Escalating): boolean =>
  glass == null || glass.escalate_to !== undefined || escalate != null

const holds = z.looseObject({
  holds: z
    .looseObject({
      reason_required: z.boolean().optional(),
      remind_ms: remindMs.optional(),
      escalate: z.strictObject({ group: z.string(), after_ms: milliseconds }).nullish(),
      delegates: delegates.optional(),
      break_glass: z
        .strictObject({ group: z.string(), review_ms: milliseconds, escalate_to: z.string().optional() })
        .nullish(),
      same_shape: sameShape.optional(),
    })
    .refine(escalates, {
      path: ['break_glass', 'escalate_to'],
      message: 'say which group a review is escalated to that nobody does in time (or set holds.escalate)',
    }),
})

const { group, startsAt, shiftMs, shifts } = onCall.shape
const onCallFile = z.strictObject({
  oncall: z.array(z.strictObject({ group, starts_at: startsAt, shift_ms: shiftMs, shifts })),
})

/**
 * Checked when the policies are, so that a slip shows there and not as a denial of all that would be held.
 *
 * @param path the folder of the policies
 * @throws PolicyError policy_invalid
 */
export function checkAnsweringData(path: string): void {
  checkFile(join(path, 'data', 'holds.yaml'), 'data/holds.yaml', holds)
  checkFile(join(path, 'data', 'oncall.yaml'), 'data/oncall.yaml', onCallFile)
}

function checkFile(file: string, name: string, schema: z.ZodType): void {
  if (!existsSync(file)) return
  const checked = schema.safeParse(parsed(file, name))
  if (checked.success) return
  const problems = checked.error.issues.map(({ path, message }) => `${name}: ${path.join('.')}: ${message}`)
  throw new PolicyError('policy_invalid', `The policies are not valid:\n${problems.join('\n')}`)
}

function parsed(file: string, name: string): unknown {
  try {
    return parseYaml(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new PolicyError('policy_invalid', `The policies are not valid:\n${name} is not YAML`, { cause })
  }
}
