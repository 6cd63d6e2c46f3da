import { letThroughBy } from '../../workflows/holds/alike.ts'
import type { Hold } from '../../workflows/holds/hold.ts'
import { alikeOffer } from '../text/alike-words.ts'
import { plainWords } from '../text/span.ts'
import type { AlikeView } from './alike-schema.ts'
import { readableBy } from './hold-view.ts'
import { mayReadCounts, mayReadLiterals, maySee } from './rights.ts'
import type { Viewer } from './viewer.ts'

/** @param pending all that are alike and wait */
export function alikeViewOf(hold: Hold, pending: readonly Hold[], viewer: Viewer): AlikeView {
  const waiting = letThroughBy(hold, pending)
  const others = pending.filter((other) => !waiting.includes(other) && maySee(other, viewer))
  return {
    waiting: waiting.map((other) => waitingView(other, viewer)),
    others: others.map((other) => waitingView(other, viewer)),
    says: alikeOffer(hold, waiting.length).map(plainWords),
    whyNot: whyNotAlike(waiting, viewer),
  }
}

function waitingView(other: Hold, viewer: Viewer): AlikeView['waiting'][number] {
  const { statement, parameters } = readableBy(other, viewer)
  const { id, reason } = other
  const preview = mayReadCounts(other, viewer) ? other.preview : null
  return { id, statement, reason, parameters: [...parameters], preview }
}

/** Nobody answers for what they have not seen. */
export function whyNotAlike(waiting: readonly Hold[], viewer: Viewer): string | null {
  const unseen = waiting.filter((other) => !maySee(other, viewer) || !mayReadLiterals(other, viewer)).length
  return unseen === 0 ? null : `${unseen} of those that wait are not shown to you whole. Answer them one by one.`
}
