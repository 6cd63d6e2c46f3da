import type { Cast } from '../catalog/definitions.ts'
import type { Source } from '../catalog/snapshot.ts'
import type { Context } from './context.ts'
import { callRoutine } from './routines.ts'
import { constant, union } from './value.ts'

/**
 * Runs the cast functions, not built in, that a value of this type may meet. Asked for: those that make it. Not asked
 * for: those that the server uses by itself on the way to or from it, wherever it stands.
 */
export function castFunctions(context: Context, type: number, asked: 'explicit' | 'implicit'): readonly Source[] {
  const { casts } = context.snapshot.definitions
  if (casts.length === 0) return []
  let sources: readonly Source[] = []
  for (const cast of casts) {
    if (cast.routine === 0 || !applies(cast, type, asked)) continue
    const routine = context.snapshot.routineByOid(cast.routine)
    if (routine === undefined) context.record.unresolved('function', 'a cast')
    else sources = union(sources, callRoutine(context, routine, [constant]).sources)
  }
  return sources
}

const FIRST_NORMAL_OID = 16_384

function applies({ source, target, context }: Cast, type: number, asked: 'explicit' | 'implicit'): boolean {
  if (asked === 'explicit' && target === type) return true
  if (context === 'explicit') return false
  // Between a built-in type and another, the server comes to the cast only where the other is met.
  const made = [source, target].filter((side) => side >= FIRST_NORMAL_OID)
  return (made.length === 0 ? [source, target] : made).includes(type)
}
