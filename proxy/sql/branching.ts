import type { BoolExpr, CaseExpr, CoalesceExpr } from 'libpg-query'
import type { ColumnUse } from '../../policies/input.ts'
import type { Context } from './context.ts'
import { expression, expressions } from './expression.ts'
import type { Scope } from './scope.ts'
import { decidingIn, isInert, probe } from './steady.ts'
import { derived, unionOf, type Value } from './value.ts'

/** CASE: which branch is taken shows in whether it fails, and in how long it takes. */
export function branches(
  context: Context,
  { arg, args = [], defresult }: CaseExpr,
  scope: Scope,
  use: ColumnUse,
): Value {
  const deciding = decidingIn(context)
  const values = [expression(deciding, arg, scope, use)]
  for (const branch of args) {
    if (!('CaseWhen' in branch)) continue
    context.seen.add(branch.CaseWhen)
    values.push(expression(deciding, branch.CaseWhen.expr, scope, use))
    values.push(expression(context, branch.CaseWhen.result, scope, use))
  }
  values.push(expression(context, defresult, scope, use))
  return derived(unionOf(values))
}

export function coalesced(context: Context, { args = [] }: CoalesceExpr, scope: Scope, use: ColumnUse): Value {
  const values = expressions(context, args, scope, use)
  // What follows is looked at only where the first is NULL.
  if (!args.slice(1).every((arg) => isInert(context, arg, scope))) probe(context, unionOf(values))
  return derived(unionOf(values))
}

/** AND, OR and NOT: AND and OR look at what follows only where it counts. */
export function conjunction(context: Context, { args }: BoolExpr, scope: Scope, use: ColumnUse): Value {
  return derived(unionOf(expressions(decidingIn(context), args, scope, use)))
}
