import type { Me } from '../schemas.ts'
import type { ApiProblem } from './api.ts'
import type { Route } from './route.ts'
import { Line } from './text.tsx'

/** Who looks, as far as it is known. */
export type Who =
  | { readonly state: 'asking' }
  | { readonly state: 'signed_out'; readonly ended: boolean; readonly switching: boolean }
  | { readonly state: 'failed'; readonly problem: ApiProblem }
  | { readonly state: 'signed_in'; readonly me: Me }

const ABOUT_RELEASES: ReadonlySet<Route['page']> = new Set(['releases', 'release', 'pull'])

interface HeaderProps {
  readonly who: Who
  readonly route: Route
  readonly connected: boolean
  readonly leave: () => void
}

/** The band on top: where one can go, who one is, and whether the page hears of changes. */
export function Header({ who, route, connected, leave }: HeaderProps) {
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
            <a href="/releases" aria-current={ABOUT_RELEASES.has(route.page) ? 'page' : undefined}>
              Releases
            </a>
            <a href="/away" aria-current={route.page === 'away' ? 'page' : undefined}>
              Away
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
