import { useState } from 'preact/hooks'
import { ApiProblem } from './api.ts'

/** Sends something once at a time, and keeps what was wrong with it. */
export function useSending(done: () => void) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const send = (work: () => Promise<unknown>): void => {
    setBusy(true)
    setProblem(null)
    work()
      .then(done, (error: unknown) => setProblem(sentenceOf(error)))
      .finally(() => setBusy(false))
  }
  return { busy, problem, send, refuse: setProblem }
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiProblem)) return 'This did not work. Try again.'
  return error.hint === null ? error.message : `${error.message} ${error.hint}.`
}

export function Problem({ of }: { readonly of: string | null }) {
  if (of === null) return null
  return (
    <p class="warning" role="alert">
      {of}
    </p>
  )
}
