import type { Comment } from '../../workflows/holds/comments.ts'
import type { Hold } from '../../workflows/holds/hold.ts'
import { line } from './bounded-text.ts'
import { countsFor } from './hold-wording.ts'
import { lockMeaning, strongestLock } from './lock-words.ts'
import type { Span } from './span.ts'

/** What each answer leads to, for somebody who has never answered one: said beside the buttons. */
export function whatFollows(hold: Hold): readonly (readonly Span[])[] {
  return [
    [{ bold: 'Approve: ' }, approval(hold)],
    [{ bold: 'Reject: ' }, 'it does not run. You are asked why, and they read it.'],
    [{ bold: 'No answer: ' }, 'it does not run, and is refused when the time is up.'],
  ]
}

function approval({ mode, decision, needsReason, identity }: Hold): string {
  if (needsReason) return 'not yet. Whoever asked has to say why first.'
  const wanted = decision.reviewers.reduce((sum, { count }) => sum + count, 0)
  const first = wanted > 1 ? `one of ${wanted} that are needed. With the last one ` : ''
  return `${first}${RUNS[mode](line(identity.name, 60))}`
}

const RUNS: Readonly<Record<Hold['mode'], (name: string) => string>> = {
  wait: (name) => `it runs at once, exactly as shown, one time. ${name} is waiting for it.`,
  error: (name) => `${name} may run exactly this, one time, within the time that the policy gives.`,
  defer: (name) => `it runs at once, exactly as shown, one time. ${name} fetches the result.`,
}

/** That another hold has taken its place, and which. @param url the page of this one in the console */
export function askedAnew({ id, anewAs }: Hold, url: string): readonly Span[] | null {
  if (anewAs == null) return null
  const shown = line(anewAs, 60)
  const there = url.replace(id, encodeURIComponent(anewAs))
  return ['It would do something else by now, or others have to answer: see ', { link: shown, url: there }, '.']
}

/** How many like it there are, who may answer since when, what is missing: what a reviewer would otherwise ask. */
export function besides({ gathering, escalatedAt, decision, anewOf, locks = [] }: Hold): readonly (readonly Span[])[] {
  const items: (readonly Span[])[] = []
  if (anewOf !== undefined)
    items.push([
      { bold: 'It was approved before' },
      ', as ',
      { code: line(anewOf, 60) },
      ', and is asked anew: it would do something else by now, or others have to answer.',
    ])
  const alike = (gathering?.pending ?? 0) - 1
  if (alike > 0)
    items.push([{ bold: `${alike} more like it wait` }, ', from the same asker and different in constants only.'])
  const escalated = escalatedAt === null ? null : decision.answering?.escalate
  if (escalated && escalatedAt !== null)
    items.push([
      { bold: 'Nobody answered in time.' },
      ` Since `,
      { at: escalatedAt },
      ` ${line(escalated.group, 40)} may answer too.`,
    ])
  const kept = locks.slice(0, SOME).map(({ mode, on }) => `${line(mode, 30)} on ${line(on, 60)}`)
  const more = locks.length > SOME ? ` and ${locks.length - SOME} more` : ''
  if (kept.length > 0)
    items.push([{ bold: 'Their open transaction keeps locks meanwhile: ' }, `${kept.join(', ')}${more}`])
  return items
}

/** What else it would do, and whether it can be undone; only what was found out is claimed. */
export function consequencesOf(hold: Hold, most: number = SOME): readonly (readonly Span[])[] {
  const { consequences } = hold
  if (consequences == null) return []
  const { cascades, triggers, undo } = consequences
  const counted = countsFor(hold) !== null
  const items: (readonly Span[])[] = []
  const changed = (cascades ?? []).slice(0, most + 1).map(({ table, does, rows }) => {
    const count = rows === null || !counted ? 'rows' : `${rows.toLocaleString('en')} rows`
    return `${CASCADE[does]} ${count} of ${line(table, 60)}`
  })
  const add = (title: string, names: readonly string[], all: number): void => {
    const more = all > most ? ` and ${all - most} more` : ''
    if (names.length > 0) items.push([{ bold: `${title}: ` }, `${names.slice(0, most).join(', ')}${more}`])
  }
  add('Foreign keys also', changed, cascades?.length ?? 0)
  const fired = (triggers ?? []).filter(({ enabled }) => enabled !== 'disabled')
  const named = fired.slice(0, most).map(({ name, runs }) => `${line(name, 40)} (runs ${line(runs, 50)})`)
  add('Triggers', named, fired.length)
  if (cascades === null || triggers === null) items.push(['Foreign keys and triggers could not be looked at in time.'])
  items.push(...locksOf(hold, most), [{ bold: 'Undo: ' }, line(undo.sentence, 200)])
  return items
}

const SOME = 3

/** For whom it is in the way, most of all first. */
function locksOf({ consequences }: Hold, most: number): readonly (readonly Span[])[] {
  const locks = consequences?.locks ?? []
  const strongest = strongestLock(locks)
  if (strongest === null) return []
  const shown = Map.groupBy(locks.slice(0, most), ({ mode }) => mode)
  const named = [...shown].map(([mode, of]) => `${mode} on ${of.map(({ table }) => line(table, 60)).join(', ')}`)
  const more = locks.length > most ? ` and ${locks.length - most} more` : ''
  return [[{ bold: 'Locks: ' }, `${named.join('; ')}${more} (${lockMeaning(strongest.mode).brief})`]]
}

const CASCADE = {
  delete: 'delete',
  update: 'update',
  set_null: 'empty a column in',
  set_default: 'reset a column in',
} as const

/** The asker did not wait: said on every card, until somebody has reviewed it. */
export function brokenGlassOf({ brokenGlass, identity }: Hold): readonly (readonly Span[])[] {
  if (brokenGlass === null) return []
  const { reason, reviewDueAt, review, overdueToldAt } = brokenGlass
  const due = overdueToldAt === null ? 'A reviewer has to look at it until ' : 'A reviewer had to look at it until '
  const done: readonly Span[] =
    review === null
      ? [{ bold: 'Not reviewed yet. ' }, due, { at: reviewDueAt }, '.']
      : [
          { bold: review.verdict === 'reviewed' ? 'Reviewed' : 'Disputed' },
          ` by ${line(review.by.name, 60)}${review.reason === null ? '' : `: ${line(review.reason, 200)}`}`,
        ]
  return [[{ bold: `${line(identity.name, 60)} did not wait for approval: ` }, line(reason, 200)], done]
}

/** What was said last, newest at the end. Who is not known here is marked as that. */
export function saidLately(comments: readonly Comment[], max: number): readonly (readonly Span[])[] {
  const said = comments
    .slice(-max)
    .map(({ author, name, text }): readonly Span[] => [
      { bold: line(name, 40) },
      `${author === null ? ' (not linked, so not proven)' : ''}: ${line(text, 140)}`,
    ])
  return comments.length > max ? [[`${comments.length - max} earlier`], ...said] : said
}
