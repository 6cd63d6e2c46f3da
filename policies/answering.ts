import { z } from 'zod'

/** Who is on duty when: shifts of equal length that follow each other from `startsAt` on, and then begin anew. */
export const onCall = z.strictObject({
  group: z.string().describe('Stands among the reviewers like any group; while it has a schedule, that alone says who'),
  startsAt: z.iso.datetime({ offset: true }),
  shiftMs: z.int().min(60_000),
  shifts: z
    .array(z.array(z.strictObject({ issuer: z.string(), subject: z.string() })).readonly())
    .min(1)
    .readonly()
    .describe('People by the subject their identity provider knows them by, never by a name'),
})

/** How a hold is answered, beside by whom and until when. Without it none of this applies. */
export const answering = z.strictObject({
  reasonRequired: z.boolean().describe('It cannot be approved before whoever asked has said why'),
  remindMs: z.int().min(1_000).nullable().describe('After this time the reviewers are told once more'),
  escalate: z
    .strictObject({ group: z.string(), afterMs: z.int().min(1_000) })
    .nullable()
    .describe('After this time members of the group may fill any place, each still only one'),
  onCall: z.array(onCall).readonly(),
  delegates: z
    .record(z.string(), z.array(z.string()).readonly())
    .describe(
      'By group: whose members may answer for one of its members who is away, beside those of the group itself',
    ),
  breakGlass: z
    .strictObject({ group: z.string(), reviewMs: z.int().min(1_000), escalateTo: z.string().nullish() })
    .nullable()
    .describe(
      'People of the group may run their own at once, with a reason; it has to be reviewed within this time, and then by people of escalateTo, too',
    ),
  sameShape: z
    .strictObject({ runs: z.int().min(1).max(1_000), ms: z.int().min(1_000) })
    .nullable()
    .describe('One approval may let the same asker run statements that differ in constants only: so often, so long'),
})

export type Answering = z.infer<typeof answering>
export type OnCall = z.infer<typeof onCall>

/** Who may review, beside the reviewers, what was run by breaking the glass and was not reviewed in time. */
export function overdueGroup(answering: Answering | undefined): string | null {
  return answering?.breakGlass?.escalateTo ?? answering?.escalate?.group ?? null
}

/** Whoever wrote the rules: breaking the glass is nobody's right where a review that is not done would be nobody's. */
export function reviewable(said: Answering): Answering {
  return said.breakGlass !== null && overdueGroup(said) === null ? { ...said, breakGlass: null } : said
}

const heldDecision = z.looseObject({ outcome: z.literal('hold'), answering })

/** Why a decision of the policies' own tests would not be taken as it says; null: it would, as far as this goes. */
export function notReviewable(decided: unknown): string | null {
  const said = heldDecision.safeParse(decided).data?.answering
  if (said === undefined || reviewable(said) === said) return null
  return 'answering.breakGlass names no escalateTo (and there is no escalate): a review that is not done would be nobody’s'
}
