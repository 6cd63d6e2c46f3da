import { useCallback, useEffect, useState } from 'preact/hooks'
import type { Me } from '../schemas.ts'
import { ApiProblem, fetchMe, signOut } from './api.ts'
import { AwayPage } from './away-page.tsx'
import { Header, type Who } from './header.tsx'
import { Help } from './help.tsx'
import { HoldPage } from './hold-page.tsx'
import { Decided, Inbox } from './inbox.tsx'
import { useChanges } from './live.ts'
import { PullPage } from './pull-page.tsx'
import { ReleasePage } from './release-page.tsx'
import { ReleasesPage } from './releases-page.tsx'
import { type Route, useRoute } from './route.ts'
import { SlackLink } from './slack-link.tsx'
import { Failed, Loading, Nothing, SignedOut } from './states.tsx'

interface AppProps {
  readonly development: boolean
  /** false: the policies are local files, which nobody reviewed. */
  readonly reviewed: boolean
}

export function App({ development, reviewed }: AppProps) {
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
      <Banner development={development} reviewed={reviewed} />
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

function Banner({ development, reviewed }: AppProps) {
  if (!development && reviewed) return null
  return (
    <p class="banner" role="note">
      {development && <span>DEVELOPMENT — not for production</span>}
      {!reviewed && <span>policies unreviewed: local files</span>}
    </p>
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
    case 'releases':
      return <ReleasesPage />
    case 'release':
      return <ReleasePage key={route.commit} commit={route.commit} />
    case 'pull':
      return <PullPage key={route.number} number={route.number} />
    case 'away':
      return <AwayPage me={me} />
    case 'slack_link':
      return <SlackLink code={route.code} />
    case 'nowhere':
      return (
        <Nothing title="There is nothing at this address">
          What waits is in the <a href="/">inbox</a>.
        </Nothing>
      )
  }
}
