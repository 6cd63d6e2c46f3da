import type { ReadColumn } from '../../workflows/holds/examples.ts'

/** The columns whose values examples are made of, each once. */
export class Reads {
  readonly all: ReadColumn[] = []

  placeOf(column: ReadColumn): number {
    const known = this.all.findIndex(
      ({ relationOid, attribute }) => relationOid === column.relationOid && attribute === column.attribute,
    )
    return known === -1 ? this.all.push(column) - 1 : known
  }
}
