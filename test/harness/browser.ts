import { type Browser, chromium } from 'playwright-core'
import { programPath } from './machine.ts'

/**
 * A real Chromium, the machine's own; without one, tests that need it say that they were skipped.
 */
export const NO_BROWSER = 'no Chromium on this machine: these tests were skipped'

const ARGUMENTS = [
  '--no-sandbox', // as root, as in containers, there is none
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** The path of Chromium, or null. */
export function findChromium(): string | null {
  return programPath('chromium') ?? programPath('chromium-browser') ?? programPath('google-chrome')
}

export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ARGUMENTS })
}
