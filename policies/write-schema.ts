import { writeFileSync } from 'node:fs'
import { dataSchema, inputPage, inputSchema } from './schema.ts'

// node policies/write-schema.ts: writes what is published again after input.ts or data-schema.ts changed.
const write = (name: string, text: string): void => writeFileSync(new URL(`schemas/${name}`, import.meta.url), text)
write('input.json', `${JSON.stringify(inputSchema(), null, 2)}\n`)
write('data.json', `${JSON.stringify(dataSchema(), null, 2)}\n`)
write('input.md', inputPage())
