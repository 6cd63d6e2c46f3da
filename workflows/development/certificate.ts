import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { writePrivately } from './data-folder.ts'

/** The proxy's self-signed certificate in development, for localhost and 127.0.0.1; made anew when it ran out. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

const DAYS = 365

export async function loadCertificate(dataFolder: string, now: () => number): Promise<CertificateFiles> {
  const folder = join(dataFolder, 'tls')
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  if (isGood(files, now())) return files
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    notAfterDate: new Date(now() + DAYS * 86_400_000),
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  })
  writePrivately(files.key, made.private)
  writePrivately(files.cert, made.cert)
  return files
}

function isGood(files: CertificateFiles, now: number): boolean {
  if (!existsSync(files.cert) || !existsSync(files.key)) return false
  try {
    return Date.parse(new X509Certificate(readFileSync(files.cert)).validTo) > now + 86_400_000
  } catch {
    return false
  }
}
