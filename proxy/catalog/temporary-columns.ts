import { Relations } from './relations.ts'
import { type Carried, carriedBy, type QueryInText, type Temporaries, type TemporaryRelation } from './temporaries.ts'

const NOTHING: Carried = { labels: [], exact: true }

/** A session's temporary relations, to be looked up. */
export class TemporaryColumns {
  readonly all: Temporaries
  readonly #byOid: ReadonlyMap<number, TemporaryRelation>

  constructor(all: Temporaries) {
    this.all = all
    this.#byOid = new Map(all.relations.map((each) => [each.relation.oid, each]))
  }

  over(permanent: Relations): Relations {
    return new Relations(
      this.all.relations.map(({ relation }) => relation),
      { below: permanent },
    )
  }

  /** Nothing for a column of any other relation. */
  carriedBy(oid: number, attribute: number): Carried {
    const found = this.#byOid.get(oid)
    return found === undefined ? NOTHING : carriedBy(found, attribute)
  }

  /** The query of a temporary view; one that the server printed is read with `all.viewPath`. */
  viewQuery(oid: number): string | QueryInText | undefined {
    return this.#byOid.get(oid)?.query ?? undefined
  }
}
