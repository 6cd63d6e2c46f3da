import type { types } from '@slack/bolt'
import type { Release } from '../../../workflows/releases/store.ts'
import { line } from '../../text/bounded-text.ts'
import { duration } from '../../text/duration.ts'
import { paragraph } from './rich-text.ts'
import { TEXT_BLOCK, TEXT_CHARACTERS_MAX } from './text-view.ts'

/** Asks for an earlier release to be put back in force: which, for how long, and why. Nothing changes by it alone. */
export const PIN_VIEW = 'holdpoint_pin_view'
export const PIN_BLOCK = { release: 'release', time: 'time', why: TEXT_BLOCK } as const
export const PIN_INPUT = {
  release: 'holdpoint_pin_release',
  time: 'holdpoint_pin_time',
  why: 'holdpoint_pin_why',
} as const
const HOURS = [1, 4, 24, 72, 168]
const HOUR_MS = 3_600_000
const OPTIONS_MAX = 100

export function pinView(releases: readonly Release[], pinMsMax: number): types.ModalView {
  const plain = (text: string): types.PlainTextElement => ({ type: 'plain_text', text, emoji: false })
  const times = HOURS.map((hours) => hours * HOUR_MS).filter((ms) => ms <= pinMsMax)
  const select = (block: 'release' | 'time', label: string, options: types.PlainTextOption[]): types.InputBlock => ({
    ...{ type: 'input', block_id: PIN_BLOCK[block], label: plain(label) },
    element: { type: 'static_select', action_id: PIN_INPUT[block], options },
  })
  return {
    type: 'modal',
    callback_id: PIN_VIEW,
    title: plain('Pin a release'),
    submit: plain('Ask for it'),
    close: plain('Back'),
    blocks: [
      paragraph('Puts an earlier, verified release of the policies back in force. ', {
        bold: 'Another administrator has to confirm it within an hour; until then nothing changes.',
      }),
      select(
        'release',
        'Which release?',
        releases.slice(0, OPTIONS_MAX).map((release) => ({ text: plain(titleOf(release)), value: release.commit })),
      ),
      select(
        'time',
        'For how long?',
        (times.length === 0 ? [pinMsMax] : times).map((ms) => ({ text: plain(duration(ms)), value: String(ms) })),
      ),
      {
        ...{ type: 'input', block_id: PIN_BLOCK.why, label: plain('Why can it not wait for a pull request?') },
        element: {
          ...{ type: 'plain_text_input', action_id: PIN_INPUT.why, multiline: true },
          ...{ min_length: 1, max_length: TEXT_CHARACTERS_MAX },
        },
      },
    ],
  }
}

function titleOf({ commit, pulls, verifiedAt }: Release): string {
  const [pull] = pulls
  const what = pull === undefined ? '' : `, #${pull.number} ${line(pull.title, 30)}`
  return line(`${commit.slice(0, 12)}, ${verifiedAt.slice(0, 16).replace('T', ' ')}${what}`, 74)
}
