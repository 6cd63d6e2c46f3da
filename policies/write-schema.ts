import { writeFileSync } from 'node:fs'
import { inputSchema } from './schema.ts'

// node policies/write-schema.ts: writes the published schema again after input.ts changed.
writeFileSync(new URL('schemas/input.json', import.meta.url), `${JSON.stringify(inputSchema(), null, 2)}\n`)
