import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { readOwnJson, writePrivately } from './data-folder.ts'

/** What the development provider signs with, kept so that tokens outlive a restart. */
export interface ProviderKeys {
  readonly signing: JWK & { readonly kid: string; readonly alg: 'ES256' }
  readonly cookies: string
}

export async function loadProviderKeys(dataFolder: string): Promise<ProviderKeys> {
  const folder = join(dataFolder, 'identity')
  if (!existsSync(join(folder, 'keys.json'))) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writePrivately(join(folder, 'keys.json'), JSON.stringify(await makeKeys()))
  }
  return readOwnJson<ProviderKeys>(dataFolder, join('identity', 'keys.json'), ['signing', 'cookies'])
}

async function makeKeys(): Promise<ProviderKeys> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const kid = crypto.randomUUID()
  return {
    signing: { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' },
    cookies: crypto.randomUUID() + crypto.randomUUID(),
  }
}
