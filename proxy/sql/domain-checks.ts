import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import { type Context, enter, qualifiedNames } from './context.ts'
import { expression } from './expression.ts'
import { parseExpression } from './parse-expression.ts'
import { emptyScope } from './scope.ts'
import { constant } from './value.ts'

interface Check {
  readonly domain: string
  /** null: functions that are not looked into. */
  readonly sql: string | null
}

const FIRST_NORMAL_OID = 16_384

/**
 * A domain's CHECK runs whenever a value becomes one, be it as an element of an array, a bound of a range or a field of
 * a row.
 */
export function checkDomains(context: Context, oid: number): void {
  if (oid < FIRST_NORMAL_OID) return
  const checks = checksOf(context.snapshot, oid)
  if (checks.length === 0) return
  const inside = enter(context, `checks ${oid}`, qualifiedNames(context.names))
  if (inside === null) return // a check that makes a value of its own domain
  for (const { domain, sql } of checks) {
    const node = sql === null ? null : parseExpression(sql)
    if (node === null) {
      inside.record.effect('unknown')
      inside.record.unresolved('type', domain)
    } else expression(inside, node, emptyScope({ names: new Map([['value', constant]]), positions: [] }), 'filtered')
    context.record.absorb(inside.record, domain)
  }
}

/** Whether making a value of this type runs something. */
export function hasDomainChecks(snapshot: CatalogSnapshot, oid: number): boolean {
  return oid >= FIRST_NORMAL_OID && checksOf(snapshot, oid).length > 0
}

function checksOf(snapshot: CatalogSnapshot, oid: number): readonly Check[] {
  const key = `checks ${oid}`
  let checks = snapshot.memo.get(key) as readonly Check[] | undefined
  if (checks === undefined) {
    checks = collect(snapshot, oid, new Set())
    snapshot.memo.set(key, checks)
  }
  return checks
}

function collect(snapshot: CatalogSnapshot, oid: number, seen: Set<number>): readonly Check[] {
  if (oid < FIRST_NORMAL_OID || seen.has(oid)) return []
  seen.add(oid)
  const type = snapshot.typeByOid(oid)
  const domain = type?.name ?? ''
  const own: readonly Check[] = (type?.checks ?? []).map((sql) => ({ domain, sql }))
  const compared: readonly Check[] = type?.runsOwn === true ? [{ domain, sql: null }] : []
  const fields = snapshot.relationByRowType(oid)?.attributes.map((attribute) => attribute.type) ?? []
  const inside = [type?.base ?? 0, type?.element ?? 0, type?.subtype ?? 0, ...fields]
  return [...own, ...compared, ...inside.flatMap((each) => collect(snapshot, each, seen))]
}
