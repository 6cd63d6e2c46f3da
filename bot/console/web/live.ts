import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiProblem } from './api.ts'

/**
 * What a page shows, kept current: asked at first, whenever a hold changed, and every half minute in case a hint was
 * lost. What is on the screen stays there while it is asked again.
 */
export type Live<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly problem: ApiProblem }
  | { readonly state: 'ready'; readonly value: T; readonly stale: boolean }

const ASK_AGAIN_MS = 30_000
/** Many may change at once; a page asks again after its last answer, and then not before this. */
const REST_MS = 250
const changes = new EventTarget()

export function useLive<T>(
  key: string,
  ask: () => Promise<T>,
  concerns: (holdId: string) => boolean,
): [Live<T>, () => void] {
  const [live, setLive] = useState<Live<T>>({ state: 'loading' })
  const latest = useRef({ ask, concerns, turn: 0, asking: false, again: false })
  latest.current.ask = ask
  latest.current.concerns = concerns
  const refreshed = (): Promise<void> => {
    const turn = ++latest.current.turn
    const current = (next: (before: Live<T>) => Live<T>): void => {
      if (turn === latest.current.turn) setLive(next)
    }
    return latest.current.ask().then(
      (value) => current(() => ({ state: 'ready', value, stale: false })),
      (error: unknown) => {
        if (error instanceof ApiProblem && error.status === 401) changes.dispatchEvent(new Event('signed_out'))
        current((before) => afterFailure(before, error))
      },
    )
  }
  const refresh = (): void => void refreshed()
  /** At once, or once more when what is asked already is answered: the change may be newer than that. */
  const follow = (): void => {
    const state = latest.current
    state.again = state.asking
    if (state.asking) return
    state.asking = true
    const rest = (): void => {
      state.asking = false
      if (state.again) follow()
    }
    void refreshed().then(() => setTimeout(rest, REST_MS))
  }
  useEffect(() => {
    setLive({ state: 'loading' })
    refresh()
    const changed = (event: Event): void => {
      const id = event instanceof CustomEvent && typeof event.detail === 'string' ? event.detail : null
      if (id === null || latest.current.concerns(id)) follow()
    }
    const timer = setInterval(() => document.visibilityState === 'visible' && follow(), ASK_AGAIN_MS)
    changes.addEventListener('hold', changed)
    return () => {
      latest.current.turn++
      latest.current.again = false
      clearInterval(timer)
      changes.removeEventListener('hold', changed)
    }
  }, [key])
  return [live, refresh]
}

function afterFailure<T>(before: Live<T>, error: unknown): Live<T> {
  const problem =
    error instanceof ApiProblem ? error : new ApiProblem({ status: 0, code: 'internal', detail: 'The page failed.' })
  const gone = problem.status === 404 || problem.status === 401
  return before.state === 'ready' && !gone ? { ...before, stale: true } : { state: 'failed', problem }
}

/** Listens while someone is signed in. EventSource connects again by itself unless it was refused. */
export function useChanges(signedIn: boolean, onSignedOut: () => void): boolean {
  const [connected, setConnected] = useState(false)
  useEffect(() => {
    changes.addEventListener('signed_out', onSignedOut)
    return () => changes.removeEventListener('signed_out', onSignedOut)
  }, [onSignedOut])
  useEffect(() => {
    if (!signedIn) return
    const source = new EventSource('/api/events')
    source.addEventListener('ready', () => {
      setConnected(true)
      changes.dispatchEvent(new CustomEvent('hold', { detail: null }))
    })
    source.addEventListener('hold', (event) => {
      const { id } = JSON.parse(event.data) as { id: string }
      changes.dispatchEvent(new CustomEvent('hold', { detail: id }))
    })
    source.addEventListener('error', () => {
      setConnected(false)
      if (source.readyState === EventSource.CLOSED) changes.dispatchEvent(new CustomEvent('hold', { detail: null }))
    })
    return () => source.close()
  }, [signedIn])
  return connected
}
