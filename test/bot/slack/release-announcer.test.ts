import { expect, test } from 'vitest'
import { noticeBlocks } from '../../../bot/slack/release-announcer.ts'

const notice = {
  kind: 'activated',
  title: 'A new policy is in force',
  commit: null,
  url: 'https://console/releases/x',
} as const

test('says what changed in plain text, which nothing in it can get out of', () => {
  const lines = ['#3 Hold <!channel> *large* deletes (reviewed by ben)', 'Rule a.b\u202E added.']
  const blocks = noticeBlocks({ ...notice, lines })
  expect(blocks.every(({ text }) => text?.type === 'plain_text')).toBe(true)
  expect(JSON.stringify(blocks)).not.toMatch(/<!channel>|\u202E/)
})

test('stays within what Slack takes, however much changed', () => {
  const blocks = noticeBlocks({
    ...notice,
    title: 'x'.repeat(9_000),
    lines: Array.from({ length: 300 }, () => 'y'.repeat(900)),
  })
  for (const { text } of blocks) expect(text?.text.length).toBeLessThanOrEqual(3_000)
})
