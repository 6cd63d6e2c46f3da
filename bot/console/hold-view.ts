import type { Facts, Principal } from '../../policies/input.ts'
import type { Background } from '../../workflows/holds/background.ts'
import type { Comment } from '../../workflows/holds/comments.ts'
import type { Consequences } from '../../workflows/holds/consequences.ts'
import type { Hold, Preview } from '../../workflows/holds/hold.ts'
import { placesFilled } from '../../workflows/holds/quorum.ts'
import { type RuleSource, ruleUrl } from '../../workflows/releases/rule-source.ts'
import { HIDDEN_LITERAL, hideLiterals } from '../text/hidden-literals.ts'
import type { ConsequencesView } from './consequences-schema.ts'
import {
  isBehind,
  mayBreakGlass,
  mayReadCounts,
  mayReadExamples,
  mayReadLiterals,
  mayReview,
  maySee,
  mayUndoAlike,
  votedBy,
  whyNotApprove,
  whyNotVote,
} from './rights.ts'
import type { HoldSummary, HoldView } from './schemas.ts'
import { comparedText, statementDiff } from './statement-diff.ts'
import type { Viewer } from './viewer.ts'

const EXCERPT_CHARACTERS = 280

const NOT_FOR_YOU: Preview = { kind: 'unknown', rows: null, ofRows: null }

/** What of a hold this person may read: values compared with what they see masked are left out. */
export function readableBy(hold: Hold, viewer: Viewer): Pick<Hold, 'statement' | 'parameters'> {
  const { statement, parameters } = hold
  if (mayReadLiterals(hold, viewer)) return { statement, parameters }
  return { statement: hideLiterals(statement), parameters: parameters.map(() => HIDDEN_LITERAL) }
}

export function holdSummaryOf(hold: Hold, viewer: Viewer): HoldSummary {
  const { id, status, mode, identity, target, preview, decision, createdAt, expiresAt, decidedAt, outcome } = hold
  const whyNot = whyNotVote(hold, viewer)
  const { statement } = readableBy(hold, viewer)
  return {
    id,
    status,
    mode,
    asker: {
      ...someone(identity),
      kind: identity.kind,
      actsFor: identity.actsFor === null ? null : someone(identity.actsFor),
    },
    target,
    tag: hold.facts.tag,
    excerpt: [...statement.slice(0, EXCERPT_CHARACTERS * 2)].slice(0, EXCERPT_CHARACTERS).join(''),
    preview: mayReadCounts(hold, viewer) ? preview : NOT_FOR_YOU,
    rules: decision.rules.filter((rule) => rule.outcome !== 'allow'),
    hidden: !mayReadLiterals(hold, viewer),
    alike: hold.gathering,
    reviewers: reviewersOf(hold),
    createdAt,
    expiresAt,
    decidedAt,
    outcome,
    askerGone: hold.askerGone ?? null,
    reviewDueAt: hold.brokenGlass?.review === null ? hold.brokenGlass.reviewDueAt : null,
    you: {
      mayVote: whyNot === null,
      mayReview: mayReview(hold, viewer),
      mayBreakGlass: mayBreakGlass(hold, viewer),
      mayApproveAlike: whyNot === null && hold.gathering !== null && decision.answering?.sameShape != null,
      mayUndoAlike: mayUndoAlike(hold, viewer),
      whyNot,
      whyNotApprove: whyNotApprove(hold, viewer),
      mayWithdraw: isBehind(hold, viewer) && isOpen(hold),
      voted: votedBy(hold, viewer),
    },
  }
}

export interface ViewSources {
  readonly background: Background
  readonly source: RuleSource
  readonly comments: readonly Comment[]
}

export function holdViewOf(hold: Hold, viewer: Viewer, { background, source, comments }: ViewSources): HoldView {
  const { asker, actsFor, lately, counts } = background
  return {
    ...holdSummaryOf(hold, viewer),
    ...readableBy(hold, viewer),
    parameters: [...readableBy(hold, viewer).parameters],
    application: hold.application,
    client: hold.client ?? null,
    consequences: hold.consequences == null ? null : consequencesView(hold.consequences, hold, viewer),
    rulePlaces: Object.fromEntries(
      Object.entries(hold.rulePlaces ?? {}).map(([id, place]) => [id, { ...place, url: ruleUrl(source, place) }]),
    ),
    known: { asker: knownView(asker), actsFor: knownView(actsFor) },
    lately: [...lately],
    latelyCounts: { ...counts },
    sameShape: sameShapeView(hold, background.sameShape, viewer),
    locksHeld: (hold.locks ?? []).map(({ on, mode }) => ({ on, mode })),
    needsReason: hold.needsReason,
    anewOf: hold.anewOf ?? null,
    anewAs: hold.anewAs ?? null,
    reason: hold.reason,
    facts: factsView(hold.facts),
    votes: hold.votes.map(({ fills: _, ...vote }) => ({ ...vote, voter: someone(vote.voter) })),
    ...answeringView(hold),
    comments: comments.map(({ author, name, text, at }) => ({ name, known: author !== null, text, at })),
    grantExpiresAt: hold.grantExpiresAt,
    digest: hold.digest,
    policyDigest: hold.policyDigest,
    policyReviewed: source.reviewed,
  }
}

function answeringView({ decision, escalatedAt: at, ...hold }: Hold) {
  const group = decision.answering?.escalate?.group
  return {
    remindedAt: hold.remindedAt,
    notTold: [...hold.notTold],
    escalated: at === null || group === undefined ? null : { group, at },
    brokenGlass: hold.brokenGlass,
    alikeApproval: hold.alikeApproval,
    approvedThrough: hold.approvedThrough,
  }
}

function consequencesView(consequences: Consequences, hold: Hold, viewer: Viewer): ConsequencesView {
  const { locks, cascades, triggers, undo, examples } = consequences
  const counted = mayReadCounts(hold, viewer)
  return {
    locks: [...locks],
    cascades: cascades?.map((cascade) => (counted ? cascade : { ...cascade, rows: null })) ?? null,
    triggers: triggers === null ? null : [...triggers],
    undo,
    // Of a record of before, whatever else stood there.
    examples: typeof examples === 'number' && isOpen(hold) && mayReadExamples(hold, viewer) ? examples : null,
  }
}

function isOpen({ status }: Hold): boolean {
  return status === 'pending' || status === 'approved'
}

function knownView(known: Background['asker']) {
  return known === null ? null : { since: known.since, groups: [...known.groups] }
}

/** Compared as this person may read both. */
function sameShapeView(hold: Hold, before: Hold | null, viewer: Viewer): HoldView['sameShape'] {
  if (before === null || !maySee(before, viewer)) return null
  const parts = statementDiff(comparedText(readableBy(before, viewer)), comparedText(readableBy(hold, viewer)))
  return parts === null ? null : { id: before.id, createdAt: before.createdAt, parts: [...parts] }
}

/** For people to follow the count, as the hold itself counts: one person fills one place. */
function reviewersOf({ decision: { reviewers }, votes }: Hold): HoldSummary['reviewers'] {
  const approvals = votes.filter(({ choice }) => choice === 'approve')
  const filled = placesFilled(
    reviewers,
    approvals.map(({ voter, fills = voter.groups }) => ({ groups: fills })),
  )
  return reviewers.map(({ group, count }, at) => ({ group, count, approved: filled[at] ?? 0 }))
}

function someone({ name, issuer, subject, groups }: Principal) {
  return { name, issuer, subject, groups: [...groups] }
}

function factsView(facts: Facts): HoldView['facts'] {
  return {
    effects: [...facts.effects],
    relations: facts.relations.map(({ schema, name, kind, access, labels, through }) => ({
      name: `${schema}.${name}`,
      kind,
      access: [...access],
      labels: [...labels],
      through: [...through],
    })),
    columns: facts.columns.map(({ schema, relation, column, uses, labels }) => ({
      relation: `${schema}.${relation}`,
      name: column,
      uses: [...uses],
      labels: [...labels],
    })),
    functions: facts.functions.map(({ schema, name }) => (schema === 'pg_catalog' ? name : `${schema}.${name}`)),
    roles: [...facts.roles],
    settings: facts.settings.map(({ name, value, scope }) => `${name} = ${value ?? 'default'} (${scope})`),
    external: facts.external.map(({ kind, detail }) => `${kind}: ${detail}`),
    flags: [...facts.flags],
    unresolved: facts.unresolved.map(({ code, detail }) => `${code}: ${detail}`),
  }
}
