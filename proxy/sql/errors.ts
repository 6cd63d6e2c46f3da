const messages = {
  failed: 'The thread that reads large texts failed',
  too_long: 'The text took longer to read than any text may take',
  busy: 'Too many large texts wait to be read',
} as const

/**
 * - `failed`: the thread ended before it answered
 * - `too_long`: it was ended, because it took too long
 * - `busy`: the text was not read, because as many are waiting as may wait
 */
export class LargeTextError extends Error {
  readonly code: keyof typeof messages

  constructor(code: LargeTextError['code'], options?: ErrorOptions) {
    super(messages[code], options)
    this.code = code
  }
}
