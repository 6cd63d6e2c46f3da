/**
 * Values that stand in every labelled column of the test database and nowhere else. Whatever comes back to a client is
 * searched for them byte by byte, also in the disguises that SQL can give them. What a mask lets through (the first letter
 * and the ending of an address, the last four digits, the year) is not part of any of them.
 */
export const canary = {
  email: 'zqkvxj',
  host: 'wpfhqyd',
  phone: '48295173',
  card: '73918462',
  address: 'jxqzvwy',
  birthDate: '1987-10-23',
  salary: '91827.36',
  note: 'vkwqzjh',
} as const

const binaryDate = Buffer.alloc(4)
binaryDate.writeInt32BE((Date.UTC(1987, 9, 23) - Date.UTC(2000, 0, 1)) / 86_400_000)

/** The digits of 91827.36 in base 10,000, as numeric has them. */
const binaryNumeric = Buffer.from([0, 9, 0x07, 0x23, 0x0e, 0x10])

const needles: readonly { readonly name: string; readonly bytes: Buffer }[] = [
  ...Object.entries(canary).flatMap(([name, value]) =>
    disguises(value).map(([how, text]) => ({ name: `${name} (${how})`, bytes: Buffer.from(text.toLowerCase()) })),
  ),
  { name: 'birthDate (binary)', bytes: lower(binaryDate) },
  { name: 'salary (binary)', bytes: lower(binaryNumeric) },
]

/** The names of the canaries among the bytes, and what surrounds the first. */
export function canariesIn(bytes: Buffer): readonly string[] {
  const haystack = lower(bytes)
  return needles
    .filter((needle) => haystack.includes(needle.bytes))
    .map(({ name, bytes: found }) => {
      const at = haystack.indexOf(found)
      return `${name}: …${bytes.toString('latin1', Math.max(0, at - 20), at + 30).replaceAll(/[^ -~]/g, '.')}…`
    })
}

function disguises(value: string): readonly (readonly [string, string])[] {
  const reversed = [...value].reverse().join('')
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.from('?'.repeat(shift) + value).toString('base64')
    // Without the characters that depend also on what stands before and behind.
    return encoded.slice(Math.ceil((shift * 4) / 3), Math.floor(((shift + value.length) * 4) / 3))
  })
  return [
    ['plain', value],
    ['reversed', reversed],
    ['hexadecimal', Buffer.from(value).toString('hex')],
    ...base64.map((text) => ['base64', text] as const),
  ]
}

/** ASCII letters in lower case, every other byte as it is. */
function lower(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  for (let at = 0; at < copy.length; at++) {
    const byte = copy[at] as number
    if (byte >= 0x41 && byte <= 0x5a) copy[at] = byte + 0x20
  }
  return copy
}
