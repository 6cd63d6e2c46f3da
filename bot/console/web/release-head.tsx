import type { ComponentChildren } from 'preact'
import { Stale } from './inbox.tsx'
import { useKeys } from './keyboard.ts'
import { useLive } from './live.ts'
import { go } from './route.ts'
import { Failed, Loading } from './states.tsx'

/** A page of one release or one pull request: loaded and kept up to date, with the way back to all of them. */
interface Page<T> {
  readonly title: string
  /** What is loaded, in words, and by which key it is remembered. */
  readonly what: string
  readonly name: string
  readonly fetch: () => Promise<T>
  readonly head: (value: T) => ComponentChildren
  readonly children: (value: T) => ComponentChildren
}

export function ReleasesChild<T>({ title, what, name, fetch, head, children }: Page<T>) {
  const [live, refresh] = useLive(name, fetch, () => false)
  useKeys({ u: () => go('/releases') })
  document.title = `${title} · Holdpoint`
  if (live.state === 'loading') return <Loading what={what} />
  if (live.state === 'failed') return <Failed problem={live.problem} again={refresh} />
  return (
    <article class="release">
      <header class="release-head">
        <p class="release-back">
          <a class="back" href="/releases">
            ← Releases
          </a>
        </p>
        {head(live.value)}
        {live.stale && <Stale />}
      </header>
      {children(live.value)}
    </article>
  )
}
