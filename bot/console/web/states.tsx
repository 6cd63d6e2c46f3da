import type { ComponentChildren } from 'preact'
import type { ApiProblem } from './api.ts'

/** What a page shows when it has nothing else to show. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <div class="state" role="status">
      <span class="pulse" aria-hidden="true" />
      <p>Loading {what} …</p>
    </div>
  )
}

interface NothingProps {
  readonly title: string
  readonly children: ComponentChildren
  /** That there is nothing is as it should be. */
  readonly well?: true
}

export function Nothing({ title, children, well }: NothingProps) {
  return (
    <div class="state">
      {well && <Gate open />}
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  )
}

export function Failed({ problem, again }: { readonly problem: ApiProblem; readonly again: () => void }) {
  const missing = problem.status === 404
  return (
    <div class="state" role="alert">
      <h2>{missing ? 'Nothing here for you' : 'This did not work'}</h2>
      <p>
        {problem.code === 'not_found' ? 'It does not exist, or it is for other people to see.' : problem.message}{' '}
        {problem.hint}
      </p>
      <p class="actions">
        {!missing && (
          <button type="button" class="button" onClick={again}>
            Try again
          </button>
        )}
        <a class="button" href="/">
          To the inbox
        </a>
      </p>
    </div>
  )
}

const SIGN_IN_PROBLEMS: Readonly<Record<string, string>> = {
  sign_in_refused: 'The identity provider did not let you in, or your account is not active here.',
  sign_in_expired: 'Signing in took too long or was started in another window. Please try once more.',
  sign_in_failed: 'Signing in did not work. Please try once more; if it stays so, tell who runs Holdpoint.',
  sign_in_unavailable: 'The identity provider cannot be reached right now. Please try again in a moment.',
}

/** @param ended there was a session, and it ended */
export function SignedOut({ ended, switching }: { readonly ended: boolean; readonly switching: boolean }) {
  const code = new URLSearchParams(location.search).get('problem')
  const problem = code === null ? null : (SIGN_IN_PROBLEMS[code] ?? SIGN_IN_PROBLEMS.sign_in_failed)
  const back = code === null ? location.pathname + location.search : '/'
  const query = new URLSearchParams({ return_to: back, ...(switching ? { switch: '1' } : {}) })
  return (
    <main class="state welcome" id="content" tabIndex={-1}>
      <Gate open={false} />
      <h1>{ended ? 'Your session has ended' : 'Statements wait here for your word'}</h1>
      <p>
        {ended
          ? 'Nothing was lost and nothing was decided. Sign in to go on where you were.'
          : 'Holdpoint pauses risky SQL until a person has looked at it. Sign in to see what is waiting for you.'}
      </p>
      {problem !== null && (
        <p class="warning" role="alert">
          {problem}
        </p>
      )}
      <p class="actions">
        <a class="button button-primary" href={`/sign-in?${query}`}>
          Sign in
        </a>
      </p>
    </main>
  )
}

/** Two bars: closed when something is held, apart when the way is free. */
export function Gate({ open }: { readonly open: boolean }) {
  return (
    <svg class="gate" viewBox="0 0 48 48" width="48" height="48" aria-hidden="true">
      <circle cx="24" cy="24" r="22" />
      <path d={open ? 'M14 25l7 7 14-15' : 'M19 16v16M29 16v16'} />
    </svg>
  )
}
