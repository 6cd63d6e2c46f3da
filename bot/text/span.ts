/**
 * A piece of a line, whatever shows it. What it stands for is escaped there. `at`: an RFC 3339 time. `url`: one of ours, or
 * made of what was checked; never what somebody wrote.
 */
export type Span =
  | string
  | { readonly bold: string }
  | { readonly code: string }
  | { readonly at: string }
  | { readonly link: string; readonly url: string }

/** Without its looks, where it holds no moment. */
export function plainWords(spans: readonly Span[]): string {
  return spans.map((span) => (typeof span === 'string' ? span : wordOf(span, (at) => at))).join('')
}

/** @param moment how a time is written */
export function wordOf(span: Exclude<Span, string>, moment: (at: string) => string): string {
  if ('bold' in span) return span.bold
  if ('link' in span) return span.link
  return 'code' in span ? span.code : moment(span.at)
}
