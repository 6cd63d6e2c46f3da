/**
 * The one version of OPA that Holdpoint compiles with, and its official static binaries.
 * https://github.com/open-policy-agent/opa/releases
 */
export const OPA_VERSION = '1.22.0'

export interface OpaBinary {
  readonly file: string
  /** Of the official release, lower-case hex. null: nobody has written it here yet, so the binary is not downloaded. */
  readonly sha256: string | null
}

/** By `process.platform` and `process.arch`. Each checksum stands beside its file on the release page as *.sha256. */
const binaries: Readonly<Record<string, OpaBinary>> = {
  'linux-x64': { file: 'opa_linux_amd64_static', sha256: null },
  'linux-arm64': { file: 'opa_linux_arm64_static', sha256: null },
  'darwin-x64': { file: 'opa_darwin_amd64', sha256: null },
  'darwin-arm64': { file: 'opa_darwin_arm64_static', sha256: null },
}

export function opaBinary(platform: string, architecture: string): OpaBinary | undefined {
  return binaries[`${platform}-${architecture}`]
}
