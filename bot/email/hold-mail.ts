import type { AskerBackground } from '../../workflows/holds/background.ts'
import type { Hold } from '../../workflows/holds/hold.ts'
import type { RuleSource } from '../../workflows/releases/rule-source.ts'
import { accessOf, cameFrom, heldBefore } from '../text/about-asker.ts'
import { type Excerpt, excerpt, line } from '../text/bounded-text.ts'
import { comparesProtectedColumns, HIDDEN_LITERAL, hideLiterals } from '../text/hidden-literals.ts'
import { countsFor, votesSoFar, whatItDoes, where, whoAsks, whoMayAnswer, whyHeld } from '../text/hold-wording.ts'
import { outcomeOf } from '../text/outcome-words.ts'
import type { Span } from '../text/span.ts'
import { lookAlikes, visibleLine } from '../text/visible-text.ts'
import { askedAnew, besides, consequencesOf } from '../text/what-follows.ts'
import { htmlOf } from './mail-html.ts'
import { textOf } from './mail-text.ts'

/**
 * One mail about a hold: a pure function of the record. No rows of data and no values compared with protected columns
 * are in it; what is cut says so; and it decides nothing: its link opens the hold, where answering needs a sign-in.
 */
export interface Mail {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** `anew`: another hold has taken its place. `more`: others like it wait by now, and are not mailed one by one. */
export type MailKind = 'asked' | 'reminded' | 'more' | 'settled' | 'anew'

/** A mail before it is text or HTML. */
export type MailPart =
  | { readonly kind: 'paragraph'; readonly spans: readonly Span[] }
  | { readonly kind: 'list'; readonly title: string; readonly items: readonly (readonly Span[])[] }
  | { readonly kind: 'code'; readonly title: string; readonly text: string }
  | { readonly kind: 'link'; readonly label: string; readonly url: string }
  | { readonly kind: 'small'; readonly spans: readonly Span[] }

const STATEMENT_BUDGET = 8_000
const PARAMETERS_BUDGET = 2_000
const REASON_BUDGET = 500
const MOST = { tables: 8, columns: 12 }

/** What is said beside the hold itself. */
export interface MailContext {
  /** The hold's page in the console. */
  readonly url: string
  readonly about?: AskerBackground
  readonly source?: RuleSource
}

export function holdMail(hold: Hold, kind: MailKind, context: MailContext): Mail {
  const parts =
    hold.status === 'pending' && kind !== 'settled'
      ? askedParts(hold, kind, context)
      : settledParts(hold, kind, context.url)
  const subject = subjectOf(hold)
  return { subject: kind === 'asked' ? subject : `Re: ${subject}`, text: textOf(parts), html: htmlOf(subject, parts) }
}

/** The same for every mail of a hold: mail programs thread by it, too. */
function subjectOf({ identity, target, facts }: Hold): string {
  return `Held: ${line(facts.tag, 30)} on ${line(target.name, 60)} for ${line(identity.name, 60)}`
}

function askedParts(hold: Hold, kind: MailKind, { url, about, source }: MailContext): readonly MailPart[] {
  const said = hold.reason === null ? [] : [paragraph({ bold: 'They say: ' }, line(hold.reason, REASON_BUDGET))]
  const known = about === undefined ? [] : [...accessOf(hold, about), heldBefore(about)]
  const asker = [cameFrom(hold), ...known].filter((one) => one !== null)
  const votes = votesSoFar(hold.votes)
  const toKnow = besides({ ...hold, gathering: null })
  return [
    ...(kind === 'reminded' ? [paragraph({ bold: 'Still waiting for an answer.' })] : []),
    ...alikeParts(hold, kind),
    paragraph(...whoAsks(hold), ` asks to run ${line(hold.facts.tag, 40)} on `, ...where(hold)),
    ...said,
    ...asker.map((one) => small(one)),
    ...statementParts(hold),
    {
      kind: 'list',
      title: 'What it would do',
      items: [...whatItDoes(hold.facts, countsFor(hold), MOST), ...consequencesOf(hold, MOST.tables)],
    },
    { kind: 'list', title: 'Why it is held', items: whyHeld(hold, source) },
    ...(toKnow.length === 0 ? [] : [{ kind: 'list', title: 'To know', items: toKnow } as const]),
    ...(votes.length === 0 ? [] : [{ kind: 'list', title: 'Answers so far', items: votes } as const]),
    paragraph(
      { bold: 'Who must approve: ' },
      `${whoMayAnswer(hold)}, until `,
      { at: hold.expiresAt },
      '. Then it is refused.',
    ),
    { kind: 'link', label: 'Read and answer it in the console', url },
    small('Opening the link decides nothing. Answering needs you to sign in, whoever opens it.'),
    small(line(hold.id, 100)),
  ]
}

function alikeParts({ gathering }: Hold, kind: MailKind): readonly MailPart[] {
  const others = (gathering?.pending ?? 0) - 1
  if (others < 1) return []
  const count = others === 1 ? 'One more like it waits' : `${others} more like it wait`
  const more = kind === 'more' ? ' They are not mailed one by one while this one waits.' : ''
  return [paragraph({ bold: `${count}. ` }, `Same asker, other constants. Each is answered by itself.${more}`)]
}

function settledParts(hold: Hold, kind: MailKind, url: string): readonly MailPart[] {
  const votes = votesSoFar(hold.votes)
  const anew = askedAnew(hold, url)
  const glass = hold.brokenGlass
  const toReview = glass !== null && glass.review === null
  return [
    ...(toReview && kind === 'reminded' ? [paragraph({ bold: 'The review is overdue.' })] : []),
    ...(glass === null ? [] : [paragraph({ bold: 'Run without an answer: ' }, line(glass.reason, REASON_BUDGET))]),
    ...(toReview
      ? [
          paragraph(
            kind === 'reminded' ? 'It had to be reviewed until ' : 'It has to be reviewed until ',
            { at: glass.reviewDueAt },
            '.',
          ),
        ]
      : []),
    paragraph({ bold: outcomeOf(hold) ?? 'Still waiting for an answer.' }),
    ...(anew === null ? [] : [paragraph(...anew)]),
    paragraph(...whoAsks(hold), ` asked to run ${line(hold.facts.tag, 40)} on `, ...where(hold)),
    ...(votes.length === 0 ? [] : [{ kind: 'list', title: 'Answers', items: votes } as const]),
    { kind: 'link', label: 'Open it in the console', url },
    small(toReview ? 'Reviewing it needs you to sign in.' : 'Nothing is left for you to do.'),
    small(line(hold.id, 100)),
  ]
}

function statementParts(hold: Hold): readonly MailPart[] {
  const hidden = comparesProtectedColumns(hold.facts)
  const statement = excerpt(hidden ? hideLiterals(hold.statement) : hold.statement, STATEMENT_BUDGET)
  const parameters = excerpt(parameterLines(hold.parameters, hidden), PARAMETERS_BUDGET)
  const suspicious = lookAlikes(statement.text).slice(0, 3)
  return [
    { kind: 'code', title: 'Statement', text: marked(statement) },
    ...(hold.parameters.length === 0 ? [] : [{ kind: 'code', title: 'Parameters', text: marked(parameters) } as const]),
    ...(suspicious.length === 0
      ? []
      : [
          paragraph({ bold: 'Mixed alphabets: ' }, line(suspicious.join(', '), 80), ' may not be what they look like.'),
        ]),
    ...(hidden
      ? [paragraph('Values compared with protected columns are not sent by mail. They are in the console.')]
      : []),
  ]
}

function parameterLines(parameters: Hold['parameters'], hidden: boolean): string {
  const value = (text: string | null): string =>
    text === null
      ? 'NULL'
      : hidden
        ? HIDDEN_LITERAL
        : `'${visibleLine(text.slice(0, PARAMETERS_BUDGET)).replaceAll("'", "''")}'`
  return parameters
    .slice(0, PARAMETERS_BUDGET)
    .map((text, at) => `$${at + 1} = ${value(text)}`)
    .join('\n')
}

function marked({ text, whole }: Excerpt): string {
  return whole ? text : `${text}\n[… not shown whole: read it in the console]`
}

function paragraph(...spans: readonly Span[]): MailPart {
  return { kind: 'paragraph', spans }
}

function small(...spans: readonly Span[]): MailPart {
  return { kind: 'small', spans }
}
