import type { Hold } from '../../workflows/holds/hold.ts'
import { line, some } from './bounded-text.ts'

const NAME = 60
const REASON = 200

/** How it ended, or how far it is. null while people are asked. */
export function outcomeOf(hold: Hold): string | null {
  switch (hold.status) {
    case 'pending':
      return null
    case 'approved':
      return hold.anewAs == null ? `${letThrough(hold)} Waiting to run.` : `${letThrough(hold)} ${ASKED_ANEW}`
    case 'executed':
      return `${letThrough(hold)} ${ran(hold)}`
    case 'rejected':
      return rejection(hold)
    case 'expired':
      return hold.votes.some(({ choice }) => choice === 'approve') && hold.grantExpiresAt !== null
        ? `Approved by ${approvers(hold)}, but it was ${hold.anewAs == null ? 'not run in time.' : 'asked anew.'}`
        : 'Expired: nobody answered in time. It did not run.'
    case 'withdrawn':
      return 'Withdrawn by the one who asked. It did not run.'
    case 'abandoned':
      return `${abandonment(hold)} It did not run.`
  }
}

/** Nobody is there any more for whom it would run. */
function abandonment({ askerGone, identity: { name, actsFor } }: Hold): string {
  if (askerGone == null) return 'Abandoned: the connection that asked is gone.'
  if (askerGone === 'revoked') return `Ended: the tokens of ${line(name, NAME)} were revoked.`
  if (actsFor === null) return `Ended: the account of ${line(name, NAME)} was deactivated.`
  return `Ended: the account of ${line(name, NAME)}, or of ${line(actsFor.name, NAME)} for whom it asked, was deactivated.`
}

const ASKED_ANEW = 'It was asked anew, and does not run by this approval.'

function ran({ outcome }: Hold): string {
  if (outcome === null) return 'Sent to the database; its answer is not recorded.'
  const tag = line(outcome.tag, 60)
  const took = `${Math.max(0, Math.round(outcome.durationMs)).toLocaleString('en')} ms`
  return outcome.ok ? `Ran in ${took}: ${tag}` : `The database refused it after ${took}: SQLSTATE ${tag}`
}

function rejection({ votes, approvedThrough }: Hold): string {
  if (approvedThrough !== null) return 'The approval of others that let it through was undone. It did not run.'
  const vote = votes.findLast(({ choice }) => choice === 'reject')
  if (vote === undefined) return 'Rejected. It did not run.'
  const because = vote.reason === null || vote.reason === '' ? '' : ` because: ${line(vote.reason, REASON)}`
  return `Rejected by ${line(vote.voter.name, NAME)}${because}`
}

/** By whose hand: reviewers', nobody's, or that of who approved another one like it. */
function letThrough(hold: Hold): string {
  if (hold.brokenGlass !== null) return `Approved by nobody: ${line(hold.identity.name, NAME)} broke the glass.`
  if (hold.approvedThrough !== null) return `Approved alike, as run ${hold.approvedThrough.run}.`
  return `Approved by ${approvers(hold)}.`
}

function approvers({ votes }: Hold): string {
  const names = votes.filter(({ choice }) => choice === 'approve').map(({ voter }) => line(voter.name, 40))
  return names.length === 0 ? 'a reviewer' : some([...new Set(names)], 5)
}
