import { type Span, wordOf } from '../text/span.ts'
import type { MailPart } from './hold-mail.ts'

/** The plain part. Statements are indented, so that no line of theirs can pass for one of ours. */
export function textOf(parts: readonly MailPart[]): string {
  return `${parts.map(partText).join('\n\n')}\n`
}

function partText(part: MailPart): string {
  switch (part.kind) {
    case 'paragraph':
    case 'small':
      return plain(part.spans)
    case 'list':
      return [`${part.title}:`, ...part.items.map((item) => `- ${plain(item)}`)].join('\n')
    case 'code':
      return [`${part.title}:`, ...part.text.split('\n').map((line) => `    | ${line}`)].join('\n')
    case 'link':
      return `${part.label}:\n${part.url}`
  }
}

function plain(spans: readonly Span[]): string {
  return spans
    .map((span) =>
      typeof span === 'string' ? span : 'link' in span ? `${span.link} <${span.url}>` : wordOf(span, moment),
    )
    .join('')
}

/** A reader's time zone is not known here. */
export function moment(at: string): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
