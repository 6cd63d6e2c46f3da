/** DataRow messages for tests: built and taken apart without the code under test. */
export type Field = Buffer | string | null

export function dataRow(fields: readonly Field[]): Buffer {
  const parts = fields.map((field) => {
    const length = Buffer.alloc(4)
    if (field === null) return length.fill(0xff)
    const bytes = Buffer.from(field as Buffer)
    length.writeInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  })
  const body = Buffer.concat(parts)
  const header = Buffer.alloc(7)
  header.write('D')
  header.writeInt32BE(body.length + 6, 1)
  header.writeUInt16BE(fields.length, 5)
  return Buffer.concat([header, body])
}

export function fieldsOf(run: Buffer): (Buffer | null)[][] {
  const rows: (Buffer | null)[][] = []
  for (let at = 0; at < run.length; ) {
    const end = at + 1 + run.readInt32BE(at + 1)
    const row: (Buffer | null)[] = []
    for (let offset = at + 7; offset < end; ) {
      const length = run.readInt32BE(offset)
      offset += 4
      row.push(length === -1 ? null : run.subarray(offset, offset + length))
      offset += Math.max(length, 0)
    }
    if (row.length !== run.readUInt16BE(at + 5)) throw new Error('the count of fields is wrong')
    rows.push(row)
    at = end
  }
  return rows
}

export function textsOf(run: Buffer): (string | null)[][] {
  return fieldsOf(run).map((row) => row.map((field) => field?.toString('utf8') ?? null))
}
