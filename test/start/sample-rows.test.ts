import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sampleRows } from '../../workflows/development/sample-rows.ts'

const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')

test('the same seed gives the same shop, another seed another', () => {
  expect(digest(sampleRows(7))).toBe(digest(sampleRows(7)))
  expect(digest(sampleRows(7))).not.toBe(digest(sampleRows(8)))
})

test('card numbers look real and pass the check digit, addresses belong to nobody', () => {
  const customers = sampleRows().customers as readonly { readonly card: string; readonly email: string }[]
  for (const { card, email } of customers) {
    const digits = [...card.replaceAll(' ', '')].reverse().map(Number)
    const sum = digits.reduce((total, digit, index) => {
      const value = index % 2 === 1 ? digit * 2 : digit
      return total + (value > 9 ? value - 9 : value)
    }, 0)
    expect(digits).toHaveLength(16)
    expect(sum % 10).toBe(0)
    expect(email).toMatch(/@example\.(com|org|net)$/)
  }
})

test('every payment is of an order that was paid, and adds up to it', () => {
  const { orders, order_items, payments } = sampleRows() as never as Record<string, readonly Record<string, number>[]>
  const total = (order: number | undefined) =>
    (order_items ?? [])
      .filter((item) => item.order_id === order)
      .reduce((sum, item) => sum + (item.quantity as number) * (item.price_cents as number), 0)
  for (const payment of payments?.slice(0, 50) ?? []) expect(payment.amount_cents).toBe(total(payment.order_id))
  expect(payments?.length).toBeLessThan(orders?.length as number)
})
