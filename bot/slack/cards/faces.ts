import type { Hold } from '../../../workflows/holds/hold.ts'
import type { Card } from './approval-card.ts'
import { reviewingGroups } from './destinations.ts'
import type { Gathered, GatheredCards } from './gathered-cards.ts'

/** What a card is to show now: one hold, or all that share its card. */
export interface Face {
  /** As whose the card is posted; pending for as long as anything on it is. */
  readonly hold: Hold
  /** One for each set of people who are to be told. */
  readonly about: readonly Hold[]
  readonly card: Card
}

export interface FacesOptions {
  readonly gathered: GatheredCards
  /** One hold alone. */
  readonly render: (hold: Hold) => Promise<Card>
  readonly renderGathered: (gathered: Gathered) => Promise<Card>
}

/** @returns null when there is no such hold */
export function createFaces({
  gathered,
  render,
  renderGathered,
}: FacesOptions): (lead: string) => Promise<Face | null> {
  return async (lead) => {
    const group = await gathered.group(lead)
    if (group === null) return null
    const { pending, answered, pendingCount } = group
    if (isAlone(group)) return { hold: group.lead, about: [group.lead], card: await render(group.lead) }
    const card = await renderGathered(group)
    if (card.shown !== undefined && card.shown.length > 0) await gathered.remember(card.shown)
    const status = pendingCount > 0 ? 'pending' : group.lead.status
    const people = Map.groupBy([group.lead, ...pending, ...answered], (hold) => reviewingGroups(hold).join('\0'))
    return { hold: { ...group.lead, status }, about: [...people.values()].flatMap((of) => of.slice(0, 1)), card }
  }
}

export function isAlone({ counts }: Pick<Gathered, 'counts'>): boolean {
  return Object.values(counts).reduce((sum, count) => sum + count, 0) === 1
}
