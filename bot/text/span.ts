/** A piece of a line, whatever shows it. What it stands for is escaped there. `at`: an RFC 3339 time. */
export type Span = string | { readonly bold: string } | { readonly code: string } | { readonly at: string }
