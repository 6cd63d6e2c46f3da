import type { Completed, Denied, Failed } from '../answer.ts'

/** What a tool answers: one object, for programs as it is and for models as text. */
export interface ToolResult {
  readonly [more: string]: unknown
  readonly content: { type: 'text'; text: string }[]
  readonly structuredContent?: Record<string, unknown>
  readonly isError?: boolean
}

/** Nothing was run, or it was lost: a sentence that says what happened. */
export interface NoResult {
  readonly kind: 'no_result'
  readonly message: string
}

export function toolResult(answer: Completed | Denied | Failed | NoResult): ToolResult {
  const { kind, ...rest } = answer
  return said({ status: kind, ...rest }, kind !== 'completed')
}

export function said(content: Record<string, unknown>, isError = false): ToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(content) }], structuredContent: content, isError }
}
