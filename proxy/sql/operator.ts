import type { A_Expr } from 'libpg-query'
import type { ColumnUse } from '../../policies/input.ts'
import type { Source } from '../catalog/snapshot.ts'
import type { Context } from './context.ts'
import { expression, expressions } from './expression.ts'
import { callRoutine, mayBecome } from './routines.ts'
import type { Scope } from './scope.ts'
import { isInert, probeByOperator } from './steady.ts'
import { stringsOf } from './tree.ts'
import { derived, union, unionOf, type Value } from './value.ts'

/** https://www.postgresql.org/docs/current/functions-comparison.html and the like: what each spelling stands for. */
export function operator(context: Context, fields: A_Expr, scope: Scope, use: ColumnUse): Value {
  context.seen.add(fields)
  const left = fields.lexpr === undefined ? null : expression(context, fields.lexpr, scope, use)
  // IN, BETWEEN and their like have a list on the right.
  const list = fields.rexpr !== undefined && 'List' in fields.rexpr ? fields.rexpr.List.items : null
  const rights = list ? expressions(context, list, scope, use) : [expression(context, fields.rexpr, scope, use)]
  if (left !== null) rights.unshift(left)
  const operands: readonly Value[] = rights
  const sources = unionOf(operands)
  const names = stringsOf(fields.name)
  const name = names.at(-1) ?? ''
  const lazily = list
    ? !list.every((item) => isInert(context, item, scope))
    : fields.lexpr !== undefined && 'RowExpr' in fields.lexpr
  probeByOperator(context, operatorOf[fields.kind ?? ''] ?? name, operands, lazily)
  const ours = context.snapshot.operators(name)
  return ours.length === 0
    ? derived(sources)
    : ourOperators(context, { schema: names.at(-2) ?? null, name }, operands, sources)
}

/** These spellings name no operator, or another than they use. */
const operatorOf: Readonly<Record<string, string | undefined>> = {
  AEXPR_BETWEEN: '>=',
  AEXPR_NOT_BETWEEN: '<',
  AEXPR_BETWEEN_SYM: '>=',
  AEXPR_NOT_BETWEEN_SYM: '<',
  AEXPR_SIMILAR: '~',
}

/** An operator of another's making is a call of its function. */
function ourOperators(
  context: Context,
  { schema, name }: { readonly schema: string | null; readonly name: string },
  operands: readonly Value[],
  sources: readonly Source[],
): Value {
  let all = sources
  for (const each of context.snapshot.operators(name)) {
    const visible =
      schema === null ? context.path === null || context.path.includes(each.schema) : each.schema === schema
    const sides = operands.length === 1 ? [each.right] : [each.left, each.right]
    if (!visible || !sides.every((side, index) => mayBecome(context, operands[index]?.type ?? 0, side))) continue
    const routine = context.snapshot.routineByOid(each.routine)
    if (routine === undefined) context.record.unresolved('operator', name)
    else all = union(all, callRoutine(context, routine, operands).sources)
  }
  return derived(all)
}
