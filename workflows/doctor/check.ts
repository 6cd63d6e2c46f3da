/** What one look found out. */
export interface Finding {
  readonly subject: string
  readonly state: 'ok' | 'warning' | 'wrong'
  readonly text: string
  /** What to do about it. */
  readonly hint?: string | undefined
}

export type Check = () => Promise<Finding>

export const ok = (subject: string, text: string): Finding => ({ subject, state: 'ok', text })
export const warning = (subject: string, text: string, hint: string): Finding => ({
  subject,
  state: 'warning',
  text,
  hint,
})
export const wrong = (subject: string, text: string, hint: string): Finding => ({ subject, state: 'wrong', text, hint })

const TIMEOUT_MS = 90_000

/** Every check, side by side; one that throws or hangs is a finding too. */
export function runChecks(checks: readonly (readonly [string, Check])[]): Promise<readonly Finding[]> {
  return Promise.all(checks.map(([subject, check]) => Promise.race([attempt(subject, check), late(subject)])))
}

async function attempt(subject: string, check: Check): Promise<Finding> {
  try {
    return await check()
  } catch (error) {
    const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : 'See above'
    return wrong(subject, reason(error), hint)
  }
}

function late(subject: string): Promise<Finding> {
  return new Promise((resolve) => {
    setTimeout(
      () => resolve(wrong(subject, 'does not answer', 'Check the network between here and there')),
      TIMEOUT_MS,
    ).unref()
  })
}

/** A system error's code says more than its text, and an aggregate's text is empty. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  return `${error.message || error.name}${code}`
}
