import { type Span, wordOf } from '../text/span.ts'
import type { MailPart } from './hold-mail.ts'
import { moment } from './mail-text.ts'

/** The HTML part: no images, no scripts, nothing fetched from anywhere; every text is escaped. */
export function htmlOf(title: string, parts: readonly MailPart[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title></head>
<body style="margin:0;padding:24px 16px;font:16px/1.55 system-ui,'Segoe UI',Roboto,sans-serif">
<div style="max-width:40rem;margin:0 auto">
${parts.map(partHtml).join('\n')}
</div></body></html>
`
}

const HEADING = 'margin:20px 0 4px;font-size:14px;font-weight:600'
const CODE =
  'margin:0;padding:12px 14px;border:1px solid #8886;border-radius:8px;font:14px/1.6 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere'
const BUTTON =
  'display:inline-block;padding:12px 20px;border-radius:8px;background:#2a5d4e;color:#ffffff;font-weight:600;text-decoration:none'

function partHtml(part: MailPart): string {
  switch (part.kind) {
    case 'paragraph':
      return `<p style="margin:0 0 12px">${spansHtml(part.spans)}</p>`
    case 'small':
      return `<p style="margin:0 0 4px;font-size:13px;opacity:.75">${spansHtml(part.spans)}</p>`
    case 'list':
      return `<p style="${HEADING}">${escapeHtml(part.title)}</p><ul style="margin:0 0 12px;padding-left:20px">${part.items
        .map((item) => `<li>${spansHtml(item)}</li>`)
        .join('')}</ul>`
    case 'code':
      return `<p style="${HEADING}">${escapeHtml(part.title)}</p><pre dir="ltr" style="${CODE}">${escapeHtml(part.text)}</pre>`
    case 'link':
      return `<p style="margin:20px 0 12px"><a href="${escapeHtml(part.url)}" style="${BUTTON}">${escapeHtml(part.label)}</a></p>`
  }
}

function spansHtml(spans: readonly Span[]): string {
  return spans
    .map((span) => {
      if (typeof span === 'string') return escapeHtml(span)
      const text = escapeHtml(wordOf(span, moment))
      if ('bold' in span) return `<strong>${text}</strong>`
      if ('link' in span) return `<a href="${escapeHtml(span.url)}">${text}</a>`
      return 'code' in span ? `<code>${text}</code>` : text
    })
    .join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string)
}
