import type { Definitions, Operator, Routine, Type } from './definitions.ts'
import { grouped } from './grouping.ts'

/** What is called by a name besides relations: functions, types and operators. */
export class Names {
  readonly routines: ReadonlyMap<number, Routine>
  readonly routineNames: ReadonlyMap<string, readonly Routine[]>
  readonly types: ReadonlyMap<number, Type>
  readonly typeNames: ReadonlyMap<string, readonly Type[]>
  readonly operators: ReadonlyMap<string, readonly Operator[]>

  constructor({ routines, types, operators }: Pick<Definitions, 'routines' | 'types' | 'operators'>) {
    this.routines = new Map(routines.map((routine) => [routine.oid, routine]))
    this.routineNames = grouped(routines, (routine) => routine.name)
    this.types = new Map(types.map((type) => [type.oid, type]))
    this.typeNames = grouped(types, (type) => type.name)
    this.operators = grouped(operators, (operator) => operator.name)
  }
}
