import type pg from 'pg'
import type { Log } from '../../log.ts'
import { type Listening, listenTo } from '../state/listen.ts'

/** Said by the trigger on followed_branch: the release in force may be another. */
export const RELEASE_CHANNEL = 'holdpoint_release'
/** Said by whoever heard from GitHub that something happened. */
export const HINT_CHANNEL = 'holdpoint_release_hint'

/** Calls back for each notice, and once when listening begins, for what was said before. */
export function listenForReleases(
  pool: pg.Pool,
  channel: string,
  onNotice: () => void,
  log: Pick<Log, 'warn'>,
): Listening {
  return listenTo(pool, {
    channel,
    application: 'holdpoint releases',
    heard: onNotice,
    failed: (err) => log.warn({ err, channel }, 'nobody listens for releases; they are looked for now and then'),
  })
}
