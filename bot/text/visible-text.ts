/**
 * Text as a reviewer can trust it: whatever would be invisible, reorder its neighbours or draw over them is replaced by
 * its code point, `⟨U+202E⟩`. Ordinary letters of any script stay as they are.
 *
 * Replaced: controls, formats (bidi, zero-width, tags), separators and spaces other than U+0020, everything Unicode
 * calls default-ignorable, fillers that print as nothing, private and unassigned code points, lone surrogates, marks
 * that strike through or enclose, and marks piled more than two high.
 */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\p{Me}\p{Default_Ignorable_Code_Point}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800]/gu
const STRIKING_MARKS = /[\u0334-\u0338\u20d2\u20d3\u20d8-\u20da\u20e5-\u20eb]/gu
const PILED_MARKS = /(?<=\p{Mn}{2})\p{Mn}+/gu

/** Keeps line breaks and tabs, which a preformatted block shows as what they are. */
export function visibleText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(PILED_MARKS, (marks) => [...marks].map(codePoint).join(''))
    .replaceAll(STRIKING_MARKS, codePoint)
    .replaceAll(HIDDEN, (character) => (character === '\n' || character === '\t' ? character : codePoint(character)))
}

/** The same for what has to stay on one line, so that it cannot draw a second one: names, reasons, parameters. */
export function visibleLine(text: string): string {
  return visibleText(text).replaceAll(/[\n\t]/g, codePoint)
}

/** Words that mix Latin with look-alike scripts (`сustomers` with a Cyrillic с), to be pointed out by name. */
export function lookAlikes(text: string): readonly string[] {
  const words = text.match(/[\p{L}\p{M}\p{N}_]+/gu) ?? []
  const mixed = words.filter((word) => /\p{Script=Latin}/u.test(word) && LOOK_ALIKE_SCRIPTS.test(word))
  return [...new Set(mixed)]
}

const LOOK_ALIKE_SCRIPTS = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u

function codePoint(character: string): string {
  const value = character.codePointAt(0) ?? 0
  return `⟨U+${value.toString(16).toUpperCase().padStart(4, '0')}⟩`
}
