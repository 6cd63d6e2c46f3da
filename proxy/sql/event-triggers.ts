import type { Context } from './context.ts'
import { callRoutine } from './routines.ts'

/** An event trigger runs at the next definition, whoever makes it. */
export function fireEventTriggers(context: Context): void {
  for (const trigger of context.snapshot.definitions.eventTriggers) {
    if (trigger.event === 'login') continue
    const routine = context.snapshot.routineByOid(trigger.routine)
    if (routine === undefined) context.record.unresolved('function', `event trigger ${trigger.name}`)
    else callRoutine(context, routine, [])
  }
}
