import type { Facts, Setting } from '../../policies/input.ts'
import { isSecretName, withoutSecrets } from './secret-words.ts'

type External = Facts['external'][number]

/** What a statement touches besides relations and functions: roles, settings, and what lies outside the database. */
export class Reach {
  readonly #roles = new Set<string>()
  readonly #settings = new Map<string, Setting>()
  readonly #external = new Map<string, External>()

  addRole(name: string): void {
    this.#roles.add(name)
  }

  addSetting(setting: Setting): void {
    const { name, value: given } = setting
    const value = given === null ? null : isSecretName(name) ? '***' : withoutSecrets(given)
    this.#settings.set(`${setting.name} ${value ?? ''} ${setting.scope}`, { ...setting, value })
  }

  addExternal(external: External): void {
    this.#external.set(`${external.kind} ${external.detail}`, external)
  }

  get settings(): Iterable<Setting> {
    return this.#settings.values()
  }

  absorb(other: Reach): void {
    for (const role of other.#roles) this.addRole(role)
    for (const setting of other.#settings.values()) this.addSetting(setting)
    this.absorbPlanned(other)
  }

  /** Planning sets nothing. */
  absorbPlanned(planned: Reach): void {
    for (const external of planned.#external.values()) this.addExternal(external)
  }

  facts(): Pick<Facts, 'roles' | 'settings' | 'external'> {
    return {
      roles: [...this.#roles],
      settings: [...this.#settings.values()],
      external: [...this.#external.values()],
    }
  }
}
