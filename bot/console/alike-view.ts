import type { Hold } from '../../workflows/holds/hold.ts'
import { alikeOffer } from '../text/alike-words.ts'
import { plainWords } from '../text/span.ts'
import type { AlikeView } from './alike-schema.ts'
import { readableBy } from './hold-view.ts'
import { mayReadCounts, mayReadLiterals, maySee } from './rights.ts'
import type { Viewer } from './viewer.ts'

export function alikeViewOf(hold: Hold, waiting: readonly Hold[], viewer: Viewer): AlikeView {
  return {
    waiting: waiting.map((other) => {
      const { statement, parameters } = readableBy(other, viewer)
      const { id, reason } = other
      return {
        ...{ id, statement, reason, parameters: [...parameters] },
        preview: mayReadCounts(other, viewer) ? other.preview : null,
      }
    }),
    says: alikeOffer(hold, waiting.length).map(plainWords),
    whyNot: whyNotAlike(waiting, viewer),
  }
}

/** Nobody answers for what they have not seen. */
export function whyNotAlike(waiting: readonly Hold[], viewer: Viewer): string | null {
  const unseen = waiting.filter((other) => !maySee(other, viewer) || !mayReadLiterals(other, viewer)).length
  return unseen === 0 ? null : `${unseen} of those that wait are not shown to you whole. Answer them one by one.`
}
