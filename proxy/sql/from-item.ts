import type { Alias } from 'libpg-query'
import { type ColumnSet, renamed } from './column-set.ts'
import type { Item } from './scope.ts'
import { stringsOf } from './tree.ts'

/** An item of FROM that is no relation: it goes by its alias, and so may its columns. */
export function itemOf(columns: ColumnSet, alias: Alias | undefined, name: string | null = null): Item {
  return {
    name: alias?.aliasname ?? name,
    relation: null,
    columns: renamed(columns, stringsOf(alias?.colnames)),
    unqualified: true,
    qualified: true,
  }
}
