import type { TypeCast } from 'libpg-query'
import type { ColumnUse } from '../../policies/input.ts'
import type { Type } from '../catalog/definitions.ts'
import { castFunctions } from './casts.ts'
import type { Context } from './context.ts'
import { checkDomains } from './domain-checks.ts'
import { expression, expressions } from './expression.ts'
import { useType } from './names.ts'
import type { Scope } from './scope.ts'
import { probeByCast } from './steady.ts'
import { derived, union, type Value } from './value.ts'

/** `x::type` and `CAST (x AS type)`. */
export function typeCast(context: Context, fields: TypeCast, scope: Scope, use: ColumnUse): Value {
  context.seen.add(fields)
  const value = expression(context, fields.arg, scope, use)
  if (fields.typeName === undefined) return derived(value.sources)
  expressions(context, fields.typeName.typmods, scope, use)
  const { oid, element } = useType(context, fields.typeName)
  // A cast to the type that it has already leaves the column what it is.
  if (oid !== 0 && oid === value.type && fields.typeName.typmods === undefined) return value
  return castTo(context, value, oid, element)
}

/** Converts to a type, and runs what that runs: a domain's checks, a cast function that is not built in. */
export function castTo(context: Context, value: Value, oid: number, element: Type | null): Value {
  probeByCast(context, value, oid)
  if (element === null) return derived(value.sources, oid)
  checkDomains(context, element.oid)
  return derived(union(value.sources, castFunctions(context, element.oid, 'explicit')), oid)
}
