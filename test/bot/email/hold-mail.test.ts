import fc from 'fast-check'
import nodemailer from 'nodemailer'
import PostalMime from 'postal-mime'
import { describe, expect, test } from 'vitest'
import { holdMail } from '../../../bot/email/hold-mail.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { sampleHold } from '../slack/sample-hold.ts'

const URL_OF_HOLD = 'https://hp.example.org/holds/hold_1'
const asked = (changes: Partial<Hold> = {}, facts = {}) =>
  holdMail(sampleHold(changes, facts), 'asked', { url: URL_OF_HOLD })

const labelled = {
  columns: [{ schema: 'public', relation: 'c', column: 'email', uses: ['filtered' as const], labels: ['email'] }],
}

describe('a mail', () => {
  test('says who wants what, what it would do, and where it is answered', () => {
    const { subject, text } = asked({ client: '10.0.0.9:1234', reason: 'ticket 9' })
    expect(subject).toBe('Held: DELETE on prod/shop for report-bot')
    for (const words of [
      'acting for ana',
      'prod/shop (production',
      'From 10.0.0.9:1234',
      'ticket 9',
      '    | DELETE FROM orders',
    ])
      expect(text).toContain(words)
    expect(text).toContain(`Read and answer it in the console:\n${URL_OF_HOLD}`)
    expect(text).toContain('Opening the link decides nothing')
  })

  test('has no rows of data and no value compared with a protected column', () => {
    const changes: Partial<Hold> = {
      statement: "DELETE FROM c WHERE email = 'canary@x.org' /* canary */",
      parameters: ['canary'],
      consequences: {
        locks: [],
        cascades: [{ table: 'public.o', constraint: 'k', does: 'delete', from: 'public.c', rows: 12 }],
        triggers: null,
        undo: { how: 'impossible', sentence: 'Not after it commits.' },
        examples: 3,
      },
    }
    const mail = asked(changes, labelled)
    expect(JSON.stringify(mail)).not.toContain('canary')
    expect(mail.text).toContain('Foreign keys also: delete rows of public.o')
    expect(mail.text).toContain('Undo: Not after it commits.')
    expect(JSON.stringify(holdMail(sampleHold(changes, labelled), 'settled', { url: URL_OF_HOLD }))).not.toContain(
      'canary',
    )
  })

  test('shows hidden characters, and says what it has cut', () => {
    const { text, html } = asked({ statement: `DELETE FROM a\u202e; ${'x'.repeat(20_000)}; DROP TABLE end` })
    for (const part of [text, html]) {
      expect(part).toContain('⟨U+202E⟩')
      expect(part).toContain('not shown whole: read it in the console')
      expect(part).not.toContain('DROP TABLE end')
    }
  })

  test('cannot be drawn into by what it shows: its lines begin with what no statement can write', () => {
    const forged = 'SELECT 1\n\nRead and answer it in the console:\nhttps://evil.example\n'
    const { text } = asked({ statement: forged, reason: forged, application: forged })
    const lines = text.split('\n').filter((line) => line.includes('evil.example'))
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.every((line) => !/^\s*https?:/.test(line))).toBe(true)
    expect(lines.some((line) => line.startsWith('    | https://evil.example'))).toBe(true)
  })

  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 120 }),
    fc.constantFrom(
      'x\r\nBcc: evil@x.org',
      'a\nSubject: b',
      '</pre><script>alert(1)</script>',
      '"><img src=x>',
      "'\u0000",
    ),
  )
  test('is one mail to one person with one subject, whatever is in the hold, and its HTML holds no tag of theirs', async () => {
    const stream = nodemailer.createTransport({ streamTransport: true, buffer: true })
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, hostile, async (name, statement, reason, application) => {
        const { identity, target } = sampleHold()
        const hold = { identity: { ...identity, name }, target: { ...target, name }, statement, reason, application }
        const { subject, text, html } = asked(hold)
        expect(subject).not.toMatch(/[\p{Cc}\p{Cf}]/u)
        expect(
          html.replaceAll(
            /<\/?(html|head|meta|title|body|div|p|ul|li|pre|strong|code|a)\b[^<>]*>|<!doctype html>/g,
            '',
          ),
        ).not.toMatch(/[<>]/)
        const sent = await stream.sendMail({
          from: 'a@x.org',
          to: { name: '', address: 'b@x.org' },
          subject,
          text,
          html,
        })
        const mail = await PostalMime.parse(sent.message as Buffer)
        expect(mail.to?.map(({ address }) => address)).toEqual(['b@x.org'])
        expect(mail.bcc ?? []).toEqual([])
        expect(mail.headers.filter(({ key }) => key === 'subject')).toHaveLength(1)
        expect(mail.headers.some(({ key }) => key === 'bcc')).toBe(false)
      }),
      { numRuns: 150 },
    )
  })
})
