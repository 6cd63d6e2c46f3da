import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Me } from '../schemas.ts'
import { ApiProblem, fetchMe, signOut } from './api.ts'
import { HoldPage } from './hold-page.tsx'
import { Decided, Inbox } from './inbox.tsx'
import { useKeys } from './keyboard.ts'
import { useChanges } from './live.ts'
import { type Route, useRoute } from './route.ts'
import { SlackLink } from './slack-link.tsx'
import { Failed, Loading, Nothing, SignedOut } from './states.tsx'
import { Line } from './text.tsx'

type Who =
  | { readonly state: 'asking' }
  | { readonly state: 'signed_out'; readonly ended: boolean; readonly switching: boolean }
  | { readonly state: 'failed'; readonly problem: ApiProblem }
  | { readonly state: 'signed_in'; readonly me: Me }

export function App({ development }: { readonly development: boolean }) {
  const route = useRoute()
  const [who, setWho] = useState<Who>({ state: 'asking' })
  const ask = useCallback(() => {
    fetchMe().then(
      (me) => setWho({ state: 'signed_in', me }),
      (error: unknown) => setWho((before) => withoutMe(before, error)),
    )
  }, [])
  useEffect(ask, [ask])
  const connected = useChanges(who.state === 'signed_in', ask)
  const leave = (): void => {
    signOut().then(() => setWho({ state: 'signed_out', ended: false, switching: true }), ask)
  }
  return (
    <>
      {development && (
        <p class="banner" role="note">
          DEVELOPMENT — not for production
        </p>
      )}
      <Header who={who} route={route} connected={connected} leave={leave} />
      {who.state === 'asking' && <Loading what="the console" />}
      {who.state === 'failed' && <Failed problem={who.problem} again={ask} />}
      {who.state === 'signed_out' && <SignedOut ended={who.ended} switching={who.switching} />}
      {who.state === 'signed_in' && (
        <main id="content" tabIndex={-1}>
          <Page route={route} me={who.me} />
        </main>
      )}
      <Help />
    </>
  )
}

function withoutMe(before: Who, error: unknown): Who {
  if (!(error instanceof ApiProblem)) throw error
  if (error.status === 401)
    return {
      state: 'signed_out',
      ended: error.code === 'session_expired' || before.state === 'signed_in',
      switching: false,
    }
  return before.state === 'signed_in' ? before : { state: 'failed', problem: error }
}

function Page({ route, me }: { readonly route: Route; readonly me: Me }) {
  switch (route.page) {
    case 'inbox':
      return <Inbox me={me} show={route.show} />
    case 'decided':
      return <Decided />
    case 'hold':
      return <HoldPage key={route.id} id={route.id} answer={route.answer} />
    case 'slack_link':
      return <SlackLink code={route.code} />
    case 'nowhere':
      return <Nothing title="There is nothing at this address">The inbox has what is waiting.</Nothing>
  }
}

interface HeaderProps {
  readonly who: Who
  readonly route: Route
  readonly connected: boolean
  readonly leave: () => void
}

function Header({ who, route, connected, leave }: HeaderProps) {
  return (
    <header class="top">
      <a class="brand" href="/">
        <img src="/icon.svg" alt="" width="24" height="24" /> Holdpoint
      </a>
      {who.state === 'signed_in' && (
        <>
          <nav aria-label="Pages">
            <a href="/" aria-current={route.page === 'inbox' ? 'page' : undefined}>
              Inbox
            </a>
            <a href="/decided" aria-current={route.page === 'decided' ? 'page' : undefined}>
              Decided
            </a>
          </nav>
          <div class="top-me">
            <span class={connected ? 'live live-on' : 'live'} role="status">
              {connected ? 'Live' : 'Connecting'}
            </span>
            <span class="top-name" title={`In ${who.me.groups.join(', ') || 'no group'}`}>
              <Line of={who.me.name} />
            </span>
            <button type="button" class="link" onClick={leave}>
              Sign out
            </button>
          </div>
        </>
      )}
    </header>
  )
}

const KEYS: readonly (readonly [string, string])[] = [
  ['j  k', 'Next and previous in a list'],
  ['Enter', 'Open it'],
  ['a', 'Approve, after asking once more'],
  ['r', 'Reject, with a reason'],
  ['u', 'Back to the inbox'],
  ['Esc', 'Close the question'],
  ['?', 'This help'],
]

function Help() {
  const dialog = useRef<HTMLDialogElement>(null)
  useKeys({ '?': () => dialog.current?.showModal() })
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl class="pairs">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split('  ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  )
}
