import { describe, expect, test } from 'vitest'
import type { Decision, Mask } from '../../policies/decision.ts'
import type { Facts } from '../../policies/input.ts'
import type { OutputColumn } from '../../proxy/gate.ts'
import { outputMasksOf } from '../../proxy/output-masks.ts'
import { asked, column } from '../policies/asked.ts'

type Source = OutputColumn['sources'][number]

const source = (name: string, labels: readonly string[] = []): Source => ({
  relationOid: 1,
  attribute: 1,
  schema: 'public',
  relation: 'customers',
  column: name,
  labels,
})
const email = source('email', ['email'])
const salary = source('salary', ['salary'])
const name = source('name')
const mask = (of: string, method: Mask['method']): Mask => ({
  schema: 'public',
  relation: 'customers',
  column: of,
  label: 'x',
  method,
})
const masked = [mask('email', 'email'), mask('salary', 'null')]

const facts = (changes: Partial<Facts> = {}): Facts => ({
  ...asked().statement,
  columns: [column('email', ['projected'], ['email']), column('salary', ['projected'], ['salary'])],
  ...changes,
})

function masksOf(sources: readonly Source[], exact: boolean, masks: readonly Mask[] = masked, about = facts()) {
  const decision = { masks } as unknown as Decision
  return outputMasksOf(about, [{ name: 'x', sources, exact }], decision)
}

describe('an output column', () => {
  test.each([
    { what: 'the masked column itself', sources: [email], exact: true, is: 'email' },
    { what: 'something made of it', sources: [email], exact: false, is: 'redact' },
    { what: 'something made of one that is never shown', sources: [email, salary], exact: false, is: 'null' },
    { what: 'either of two masked columns', sources: [email, salary], exact: true, is: 'null' },
    { what: 'a masked or a clear column', sources: [email, name], exact: true, is: 'redact' },
  ])('is $is when it is $what', ({ sources, exact, is }) => {
    expect(masksOf(sources, exact)).toMatchObject([{ method: is }])
  })

  test('hides also that there is no value when it is computed, and not when it is the column', () => {
    expect(masksOf([email], false)).toMatchObject([{ whole: true }])
    expect(masksOf([email], true)).not.toMatchObject([{ whole: true }])
  })

  test('is clear when nothing masked feeds it', () => {
    expect(masksOf([name], true)).toEqual([null])
    expect(masksOf([], false)).toEqual([null])
  })

  test('is covered by the mask of its whole relation when it is labelled', () => {
    const whole = [mask('*', 'redact')]
    expect(masksOf([email], true, whole)).toMatchObject([{ column: 'email', method: 'redact' }])
    expect(masksOf([name], true, whole)).toEqual([null])
  })
})

describe('a statement is refused', () => {
  const decision = { masks: masked } as unknown as Decision

  test('when a labelled source was not among the facts that were judged', () => {
    expect(masksOf([email], true, [], facts({ columns: [] }))).toBe('gate.lineage')
    const unlabelled = facts({ columns: [column('email', ['projected'], [])] })
    expect(masksOf([email], true, [], unlabelled)).toBe('gate.lineage')
  })

  test.each(['select', 'execute', 'fetch', 'explain', 'call', 'variable_show'])(
    'when the columns of %s are not known and something is masked',
    (kind) => {
      expect(outputMasksOf(facts({ kind }), null, decision)).toBe('gate.lineage')
    },
  )

  test('but not a MOVE, which answers with no rows', () => {
    expect(outputMasksOf(facts({ kind: 'fetch', tag: 'MOVE' }), null, decision)).toBeNull()
  })

  test('when it returns what it wrote and the columns are not known', () => {
    expect(outputMasksOf(facts({ kind: 'update', flags: ['returning'] }), null, decision)).toBe('gate.lineage')
    expect(outputMasksOf(facts({ kind: 'update' }), null, decision)).toBeNull()
  })

  test('when it is a COPY of something masked', () => {
    expect(outputMasksOf(facts({ kind: 'copy', flags: ['copy_to'] }), null, decision)).toBe('gate.export_masked')
  })
})
