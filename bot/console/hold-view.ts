import type { Facts, Principal } from '../../policies/input.ts'
import type { Hold } from '../../workflows/holds/hold.ts'
import { isAsker, samePerson } from '../../workflows/holds/identity-key.ts'
import type { HoldSummary, HoldView } from './schemas.ts'
import type { Viewer } from './viewer.ts'

/** Members see every hold; they gain no right to vote by it. */
export const SECURITY_GROUP = 'security'

const EXCERPT_CHARACTERS = 280

export function maySee(hold: Hold, viewer: Viewer): boolean {
  if (isAsker(hold.identity, viewer.person)) return true
  const groups = new Set(viewer.person.groups)
  if (groups.has(SECURITY_GROUP)) return true
  return hold.decision.reviewers.some(({ group }) => groups.has(group)) || votedBy(hold, viewer) !== null
}

/** Why this person may not vote, as a sentence; null when they may. The hold itself decides again when they do. */
export function whyNotVote(hold: Hold, viewer: Viewer): string | null {
  if (hold.status !== 'pending') return `It is ${hold.status}; nothing is left to decide.`
  if (viewer.kind !== 'human') return 'Only people can answer; agents and services cannot.'
  if (samePerson(hold.identity, viewer.person)) return 'You asked for this yourself. Someone else has to decide.'
  if (isAsker(hold.identity, viewer.person)) return `${hold.identity.name} acts for you. Someone else has to decide.`
  const needed = hold.decision.reviewers.map(({ group }) => group)
  if (!needed.some((group) => viewer.person.groups.includes(group)))
    return `Only members of ${needed.join(' or ')} can answer this.`
  const voted = votedBy(hold, viewer)
  return voted === null ? null : `You have already said ${voted}.`
}

export function holdSummaryOf(hold: Hold, viewer: Viewer): HoldSummary {
  const { id, status, mode, identity, target, preview, decision, createdAt, expiresAt, decidedAt, outcome } = hold
  const whyNot = whyNotVote(hold, viewer)
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
    excerpt: [...hold.statement.slice(0, EXCERPT_CHARACTERS * 2)].slice(0, EXCERPT_CHARACTERS).join(''),
    preview,
    rules: decision.rules.filter((rule) => rule.outcome !== 'allow'),
    reviewers: decision.reviewers.map(({ group, count }) => ({ group, count, approved: approvalsOf(hold, group) })),
    createdAt,
    expiresAt,
    decidedAt,
    outcome,
    you: {
      mayVote: whyNot === null,
      whyNot,
      mayWithdraw: isAsker(hold.identity, viewer.person) && (status === 'pending' || status === 'approved'),
      voted: votedBy(hold, viewer),
    },
  }
}

export function holdViewOf(hold: Hold, viewer: Viewer, policyReviewed: boolean): HoldView {
  return {
    ...holdSummaryOf(hold, viewer),
    application: hold.application,
    statement: hold.statement,
    parameters: [...hold.parameters],
    reason: hold.reason,
    facts: factsView(hold.facts),
    votes: hold.votes.map((vote) => ({ ...vote, voter: someone(vote.voter) })),
    grantExpiresAt: hold.grantExpiresAt,
    digest: hold.digest,
    policyDigest: hold.policyDigest,
    policyReviewed,
  }
}

function votedBy(hold: Hold, { person }: Viewer): 'approve' | 'reject' | null {
  return hold.votes.find(({ voter }) => samePerson(voter, person))?.choice ?? null
}

/** For people to follow the count. Whether the quorum is met, one person filling one place, is for the hold to say. */
function approvalsOf(hold: Hold, group: string): number {
  return hold.votes.filter(({ voter, choice }) => choice === 'approve' && voter.groups.includes(group)).length
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
