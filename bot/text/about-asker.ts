import type { KnownSince } from '../../workflows/directory/known-since.ts'
import type { AskerBackground, EarlierHold } from '../../workflows/holds/background.ts'
import type { Hold, HoldStatus } from '../../workflows/holds/hold.ts'
import { line, some } from './bounded-text.ts'

/** Who asks, for somebody who has never met them: since when they may, from where and with what, and how it went before. */

/** Since when the asker, and whoever it acts for, have access: one sentence each. */
export function accessOf({ identity }: Hold, { asker, actsFor }: AskerBackground): readonly string[] {
  const self = sinceOf(identity, asker)
  return identity.actsFor === null ? [self] : [self, sinceOf(identity.actsFor, actsFor)]
}

function sinceOf(who: { readonly name: string; readonly groups: readonly string[] }, known: KnownSince | null): string {
  const name = line(who.name, 60)
  if (known === null) return `${name}: not in the directory, its token vouches for it.`
  const joined = new Map(known.groups.map((group) => [group.name, group.since]))
  const groups = who.groups.slice(0, 4).map((group) => {
    const since = joined.get(group) ?? null
    return since === null ? line(group, 30) : `${line(group, 30)} since ${day(since)}`
  })
  const since = known.since === null ? 'known since before this was recorded' : `known since ${day(known.since)}`
  return groups.length === 0 ? `${name}: ${since}.` : `${name}: ${since}, in ${some(groups, 3)}.`
}

/** @returns null where neither the address nor the client is known */
export function cameFrom({ client, application }: Hold): string | null {
  const from = client == null ? '' : `From ${line(client, 60)}`
  const through = application === '' ? '' : `a client that says it is ${line(application, 40)}`
  if (from === '') return through === '' ? null : `With ${through}.`
  return through === '' ? `${from}.` : `${from}, with ${through}.`
}

export function heldBefore({ lately, counts }: AskerBackground): string {
  const [last] = lately
  if (last === undefined) return 'Never held before.'
  const said = Object.entries(counts).map(([status, count]) => `${count} ${ANSWERED[status as HoldStatus]}`)
  const often = said.length === 0 ? 'not in the last 30 days' : `in 30 days ${said.join(', ')}`
  return `Held before: ${often}. Last: ${earlier(last)}.`
}

export function earlier({ tag, target, status, createdAt }: EarlierHold): string {
  return `${line(tag, 30)} on ${line(target, 60)}, ${ANSWERED[status]}, ${day(createdAt)}`
}

const ANSWERED: Readonly<Record<HoldStatus, string>> = {
  pending: 'waiting',
  approved: 'approved',
  executed: 'approved and run',
  rejected: 'rejected',
  expired: 'expired',
  withdrawn: 'withdrawn',
  abandoned: 'abandoned',
}

/** A day, where nobody’s time zone is known. */
function day(at: string): string {
  return new Date(at).toLocaleDateString('en-GB', { dateStyle: 'medium', timeZone: 'UTC' })
}
