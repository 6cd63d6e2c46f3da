import { describe, expect, test } from 'vitest'
import { loadLabels } from '../../policies/labels.ts'
import { POLICIES } from './default-policy.ts'
import { policyFolder } from './policy-folder.ts'

const labels = loadLabels(POLICIES)
const labelsFor = (column: string, type = 'text', relation = 'anything', schema = 'public') =>
  labels.labelsFor({ schema, relation, column, type })

describe('the default labels', () => {
  test.each([
    ['email', 'email'],
    ['E_Mail', 'email'],
    ['billing_email', 'email'],
    ['contact_email_address', 'email'],
    ['phone', 'phone'],
    ['mobile_number', 'phone'],
    ['credit_card', 'card'],
    ['card_number', 'card'],
    ['pan', 'card'],
    ['iban', 'bank_account'],
    ['ssn', 'national_id'],
    ['passport_no', 'national_id'],
    ['address', 'address'],
    ['home_address', 'address'],
    ['birth_date', 'birth_date'],
    ['dob', 'birth_date'],
    ['date_of_birth', 'birth_date'],
    ['salary', 'salary'],
    ['base_salary', 'salary'],
    ['password', 'secret'],
    ['password_hash', 'secret'],
    ['api_key', 'secret'],
    ['refresh_token', 'secret'],
  ])('find %s by its name', (column, label) => {
    expect(labelsFor(column)).toEqual([label])
  })

  test.each([
    'id',
    'name',
    'status',
    'email_count_total',
    'ip_addresses_seen',
    'panel',
    'cardinality',
    'tokenizer',
    'span',
  ])('leave %s alone', (column) => {
    expect(labelsFor(column)).toEqual([])
  })

  test('leave a boolean alone that only speaks of a sensitive thing', () => {
    expect(labelsFor('email', 'bool')).toEqual([])
    expect(labelsFor('password', 'boolean')).toEqual([])
  })

  test('leave the system’s own columns to the policy', () => {
    expect(labelsFor('rolpassword', 'text', 'pg_authid', 'pg_catalog')).toEqual([])
  })

  test('name a column outright, whatever its type, and without doubles', () => {
    expect(labelsFor('birth_date', 'date', 'customers')).toEqual(['birth_date'])
    expect(labelsFor('salary', 'numeric', 'staff')).toEqual(['salary'])
  })
})

test.each([
  {
    what: 'a label that is not defined',
    text: 'labels: {}\ncolumns: []\npatterns: [{label: x, name: y}]',
    says: /label x/,
  },
  {
    what: 'a pattern that is none',
    text: 'labels: {x: {method: redact, clear_to: []}}\ncolumns: []\npatterns: [{label: x, name: "("}]',
    says: /not valid/,
  },
  {
    what: 'a method that there is not',
    text: 'labels: {x: {method: shred, clear_to: []}}\ncolumns: []\npatterns: []',
    says: /not valid/,
  },
])('refuses a label file with $what', ({ text, says }) => {
  using folder = policyFolder('empty')
  folder.write('data/labels.yaml', text)
  expect(() => loadLabels(folder.path)).toThrow(says)
})

test('refuses to go without a label file', () => {
  using folder = policyFolder('empty')
  expect(() => loadLabels(folder.path)).toThrow(expect.objectContaining({ code: 'labels_invalid' }))
})
