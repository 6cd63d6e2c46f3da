/**
 * What Slack refuses in blocks and views, from docs.slack.dev/reference/block-kit. It knows the block types a bot like
 * ours has use for; anything else, any field it does not know and any limit passed is a problem, named with its place
 * as Slack names it: `must be less than 3001 characters [json-pointer:/blocks/0/text/text]`.
 */
export type Surface = 'message' | 'modal' | 'home'

export const blockLimit = { message: 50, modal: 100, home: 100 } as const
/** Not documented; github.com/slackapi/bolt-js/issues/2867. Counted as the strictest reading of the reports has it. */
export const blocksJsonMax = 12_000
export const viewBytesMax = 250_000

type Json = { readonly [key: string]: unknown }

export function blockProblems(blocks: unknown, surface: Surface): readonly string[] {
  const check = new Check(surface)
  check.blocks(blocks, '/blocks')
  return check.problems
}

export function viewProblems(view: unknown): readonly string[] {
  const check = new Check('modal')
  check.view(view)
  return check.problems
}

export function homeProblems(view: unknown): readonly string[] {
  const check = new Check('home')
  check.home(view)
  return check.problems
}

/** Everything outside ASCII as \uXXXX, and slashes escaped, as Slack's own encoder writes it. */
export function blocksJsonLength(blocks: unknown): number {
  return JSON.stringify(blocks)
    .replaceAll('/', '\\/')
    .replaceAll(/[\u007f-\uffff]/g, '\\uXXXX').length
}

class Check {
  readonly problems: string[] = []
  readonly surface: Surface
  readonly #actionIds = new Set<string>()
  readonly #blockIds = new Set<string>()

  constructor(surface: Surface) {
    this.surface = surface
  }

  view(view: unknown): void {
    const at = '/view'
    const fields = ['type', 'title', 'blocks', 'submit', 'close', 'private_metadata', 'callback_id', 'notify_on_close']
    if (!this.object(view, at, fields, ['type', 'title', 'blocks'])) return
    if (view.type !== 'modal') this.problem(`unsupported type: ${String(view.type)}`, `${at}/type`)
    for (const name of ['title', 'submit', 'close'])
      if (view[name] !== undefined) this.text(view[name], `${at}/${name}`, 24, ['plain_text'])
    if (view.private_metadata !== undefined) this.string(view.private_metadata, `${at}/private_metadata`, 3_000, 0)
    if (view.callback_id !== undefined) this.string(view.callback_id, `${at}/callback_id`, 255)
    this.blocks(view.blocks, `${at}/blocks`)
    const asks = Array.isArray(view.blocks) && view.blocks.some((block: Json) => block?.type === 'input')
    if (asks && view.submit === undefined) this.problem('missing required field: submit', at)
    if (Buffer.byteLength(JSON.stringify(view)) > viewBytesMax) this.problem('view_too_large', at)
  }

  home(view: unknown): void {
    const at = '/view'
    if (
      !this.object(view, at, ['type', 'blocks', 'private_metadata', 'callback_id', 'external_id'], ['type', 'blocks'])
    )
      return
    if (view.type !== 'home') this.problem(`unsupported type: ${String(view.type)}`, `${at}/type`)
    this.blocks(view.blocks, `${at}/blocks`)
    if (Buffer.byteLength(JSON.stringify(view)) > viewBytesMax) this.problem('view_too_large', at)
  }

  blocks(blocks: unknown, at: string): void {
    if (!Array.isArray(blocks)) {
      this.problem('must be an array', at)
      return
    }
    const most = blockLimit[this.surface]
    if (blocks.length === 0 || blocks.length > most) this.problem(`no more than ${most} items allowed`, at)
    for (const [index, block] of blocks.entries()) this.#block(block, `${at}/${index}`)
  }

  #block(block: unknown, at: string): void {
    if (typeof block !== 'object' || block === null) {
      this.problem('must be an object', at)
      return
    }
    const blockId = (block as Json).block_id
    if (blockId !== undefined) {
      this.string(blockId, `${at}/block_id`, 255)
      if (this.#blockIds.has(String(blockId))) this.problem('block_id already exists', `${at}/block_id`)
      this.#blockIds.add(String(blockId))
    }
    switch ((block as Json).type) {
      case 'header':
        if (this.object(block, at, ['type', 'block_id', 'text'], ['text']))
          this.text(block.text, `${at}/text`, 150, ['plain_text'])
        break
      case 'section':
        this.#section(block, at)
        break
      case 'context':
        this.#context(block, at)
        break
      case 'divider':
        this.object(block, at, ['type', 'block_id'], [])
        break
      case 'actions':
        this.#actions(block, at)
        break
      case 'rich_text':
        this.#richText(block, at)
        break
      case 'input':
        this.#input(block, at)
        break
      default:
        this.problem(`unsupported type: ${String((block as Json).type)}`, `${at}/type`)
    }
  }

  #section(block: unknown, at: string): void {
    if (!this.object(block, at, ['type', 'block_id', 'text', 'fields', 'accessory', 'expand'], [])) return
    if (block.text === undefined && block.fields === undefined) this.problem('missing required field: text', at)
    if (block.text !== undefined) this.text(block.text, `${at}/text`, 3_000)
    if (block.fields !== undefined) {
      const fields = this.array(block.fields, `${at}/fields`, 1, 10)
      for (const [index, field] of fields.entries()) this.text(field, `${at}/fields/${index}`, 2_000)
    }
    if (block.accessory !== undefined) this.#button(block.accessory, `${at}/accessory`)
  }

  #context(block: unknown, at: string): void {
    if (!this.object(block, at, ['type', 'block_id', 'elements'], ['elements'])) return
    const elements = this.array(block.elements, `${at}/elements`, 1, 10)
    for (const [index, element] of elements.entries()) this.text(element, `${at}/elements/${index}`, 3_000)
  }

  #actions(block: unknown, at: string): void {
    if (!this.object(block, at, ['type', 'block_id', 'elements'], ['elements'])) return
    const elements = this.array(block.elements, `${at}/elements`, 1, 25)
    for (const [index, element] of elements.entries()) this.#button(element, `${at}/elements/${index}`)
  }

  #button(button: unknown, at: string): void {
    const fields = ['type', 'action_id', 'text', 'value', 'url', 'style', 'confirm', 'accessibility_label']
    if (!this.object(button, at, fields, ['action_id', 'text'])) return
    if (button.type !== 'button') this.problem(`unsupported type: ${String(button.type)}`, `${at}/type`)
    this.text(button.text, `${at}/text`, 75, ['plain_text'])
    this.string(button.action_id, `${at}/action_id`, 255)
    // Unique within its block; the same action may stand beside each of many things.
    const id = `${at.replace(/\/(elements\/\d+|accessory)$/, '')} ${String(button.action_id)}`
    if (this.#actionIds.has(id)) this.problem('action_id already exists', `${at}/action_id`)
    this.#actionIds.add(id)
    if (button.value !== undefined) this.string(button.value, `${at}/value`, 2_000)
    if (button.url !== undefined) this.#url(button.url, `${at}/url`)
    if (button.style !== undefined && button.style !== 'primary' && button.style !== 'danger')
      this.problem('must be a valid enum value', `${at}/style`)
  }

  #url(url: unknown, at: string): void {
    this.string(url, at, 3_000)
    if (typeof url !== 'string' || !/^https?:\/\/[^\s]+$/.test(url)) this.problem('invalid url', at)
  }

  #richText(block: unknown, at: string): void {
    if (!this.object(block, at, ['type', 'block_id', 'elements'], ['elements'])) return
    const elements = this.array(block.elements, `${at}/elements`, 1, 1_000)
    for (const [index, element] of elements.entries()) this.#richElement(element, `${at}/elements/${index}`)
  }

  #richElement(element: unknown, at: string): void {
    const type = (element as Json | null)?.type
    if (type === 'rich_text_list') {
      if (!this.object(element, at, ['type', 'elements', 'style', 'indent', 'offset', 'border'], ['elements', 'style']))
        return
      if (element.style !== 'bullet' && element.style !== 'ordered')
        this.problem('must be a valid enum value', `${at}/style`)
      const rows = this.array(element.elements, `${at}/elements`, 1, 1_000)
      for (const [index, row] of rows.entries()) this.#richLine(row, `${at}/elements/${index}`, ['rich_text_section'])
      return
    }
    this.#richLine(element, at, ['rich_text_section', 'rich_text_preformatted', 'rich_text_quote'])
  }

  #richLine(element: unknown, at: string, types: readonly string[]): void {
    const type = String((element as Json | null)?.type)
    if (!types.includes(type)) {
      this.problem(`unsupported type: ${type}`, `${at}/type`)
      return
    }
    if (!this.object(element, at, ['type', 'elements', 'border', 'language'], ['elements'])) return
    const plain = type === 'rich_text_preformatted'
    const spans = this.array(element.elements, `${at}/elements`, 1, 1_000)
    for (const [index, span] of spans.entries()) this.#span(span, `${at}/elements/${index}`, plain)
  }

  #span(span: unknown, at: string, plain: boolean): void {
    const type = (span as Json | null)?.type
    if (type === 'text' && this.object(span, at, ['type', 'text', 'style'], ['text'])) {
      this.string(span.text, `${at}/text`, 3_000)
      if (span.style !== undefined) this.#style(span.style, `${at}/style`)
    } else if (type === 'link' && this.object(span, at, ['type', 'url', 'text', 'unsafe', 'style'], ['url'])) {
      this.#url(span.url, `${at}/url`)
    } else if (type === 'date' && !plain) {
      this.#date(span, at)
    } else if (type === 'user' && !plain && this.object(span, at, ['type', 'user_id', 'style'], ['user_id'])) {
      this.string(span.user_id, `${at}/user_id`, 30)
    } else if (!['text', 'link', 'date', 'user'].includes(String(type)) || plain) {
      this.problem(`unsupported type: ${String(type)}`, `${at}/type`)
    }
  }

  #date(span: unknown, at: string): void {
    if (!this.object(span, at, ['type', 'timestamp', 'format', 'url', 'fallback', 'style'], ['timestamp', 'format']))
      return
    if (!Number.isSafeInteger(span.timestamp) || Number(span.timestamp) <= 0)
      this.problem('must be an integer', `${at}/timestamp`)
    this.string(span.format, `${at}/format`, 3_000)
    if (!/\{(date|time|day_divider|ago)[a-z_]*\}/.test(String(span.format)))
      this.problem('invalid date format', `${at}/format`)
    if (span.fallback !== undefined) this.string(span.fallback, `${at}/fallback`, 3_000)
  }

  #style(style: unknown, at: string): void {
    if (!this.object(style, at, ['bold', 'italic', 'strike', 'code', 'underline'], [])) return
    for (const [name, value] of Object.entries(style))
      if (typeof value !== 'boolean') this.problem('must be a boolean', `${at}/${name}`)
  }

  #input(block: unknown, at: string): void {
    if (this.surface === 'message') {
      this.problem('unsupported type: input', `${at}/type`)
      return
    }
    const fields = ['type', 'block_id', 'label', 'element', 'hint', 'optional', 'dispatch_action']
    if (!this.object(block, at, fields, ['label', 'element'])) return
    this.text(block.label, `${at}/label`, 2_000, ['plain_text'])
    if (block.hint !== undefined) this.text(block.hint, `${at}/hint`, 2_000, ['plain_text'])
    const place = `${at}/element`
    if ((block.element as Json)?.type === 'static_select') {
      this.#select(block.element, place)
      return
    }
    if (['users_select', 'datetimepicker'].includes(String((block.element as Json)?.type))) {
      this.#picker(block.element, place)
      return
    }
    const known = [
      'type',
      'action_id',
      'multiline',
      'min_length',
      'max_length',
      'placeholder',
      'initial_value',
      'focus_on_load',
    ]
    const { element } = block
    if (!this.object(element, place, known, ['action_id'])) return
    if (element.type !== 'plain_text_input') this.problem(`unsupported type: ${String(element.type)}`, `${place}/type`)
    this.string(element.action_id, `${place}/action_id`, 255)
    if (element.placeholder !== undefined) this.text(element.placeholder, `${place}/placeholder`, 150, ['plain_text'])
    for (const name of ['min_length', 'max_length'])
      if (element[name] !== undefined && !(Number(element[name]) >= 0 && Number(element[name]) <= 3_000))
        this.problem('must be between 0 and 3000', `${place}/${name}`)
  }

  /** Of a person, or of a moment: that is in seconds, ten digits. */
  #picker(element: unknown, at: string): void {
    const own =
      (element as Json).type === 'users_select' ? ['initial_user', 'placeholder'] : ['initial_date_time', 'confirm']
    if (!this.object(element, at, ['type', 'action_id', 'focus_on_load', ...own], ['action_id'])) return
    this.string(element.action_id, `${at}/action_id`, 255)
    const initial = element.initial_date_time
    if (initial !== undefined && !/^\d{10}$/.test(String(initial)))
      this.problem('must be a UNIX timestamp of 10 digits', `${at}/initial_date_time`)
  }

  #select(element: unknown, at: string): void {
    const known = ['type', 'action_id', 'options', 'initial_option', 'placeholder', 'focus_on_load']
    if (!this.object(element, at, known, ['action_id', 'options'])) return
    this.string(element.action_id, `${at}/action_id`, 255)
    const options = this.array(element.options, `${at}/options`, 1, 100)
    for (const [index, option] of options.entries()) this.#option(option, `${at}/options/${index}`)
    const initial = JSON.stringify(element.initial_option)
    if (initial !== undefined && !options.some((option) => JSON.stringify(option) === initial))
      this.problem('must be one of the options', `${at}/initial_option`)
  }

  #option(option: unknown, at: string): void {
    if (!this.object(option, at, ['text', 'value', 'description'], ['text', 'value'])) return
    this.text(option.text, `${at}/text`, 75, ['plain_text'])
    this.string(option.value, `${at}/value`, 150)
  }

  text(text: unknown, at: string, most: number, types: readonly string[] = ['plain_text', 'mrkdwn']): void {
    if (!this.object(text, at, ['type', 'text', 'emoji', 'verbatim'], ['type', 'text'])) return
    if (!types.includes(String(text.type))) this.problem(`unsupported type: ${String(text.type)}`, `${at}/type`)
    if (text.emoji !== undefined && text.type !== 'plain_text') this.problem('invalid additional property: emoji', at)
    if (text.verbatim !== undefined && text.type !== 'mrkdwn') this.problem('invalid additional property: verbatim', at)
    this.string(text.text, `${at}/text`, most)
  }

  string(value: unknown, at: string, most: number, least = 1): void {
    if (typeof value !== 'string') {
      this.problem('must be a string', at)
      return
    }
    if (value.length < least) this.problem(`must be more than ${least - 1} characters`, at)
    if (value.length > most) this.problem(`must be less than ${most + 1} characters`, at)
    if (!value.isWellFormed()) this.problem('must be valid UTF-8', at)
  }

  array(value: unknown, at: string, least: number, most: number): readonly unknown[] {
    if (!Array.isArray(value)) {
      this.problem('must be an array', at)
      return []
    }
    if (value.length < least) this.problem(`no fewer than ${least} items allowed`, at)
    if (value.length > most) this.problem(`no more than ${most} items allowed`, at)
    return value
  }

  object(value: unknown, at: string, known: readonly string[], required: readonly string[]): value is Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problem('must be an object', at)
      return false
    }
    for (const name of Object.keys(value))
      if (!known.includes(name)) this.problem(`invalid additional property: ${name}`, at)
    for (const name of required)
      if ((value as Json)[name] === undefined) this.problem(`missing required field: ${name}`, at)
    return required.every((name) => (value as Json)[name] !== undefined)
  }

  problem(message: string, at: string): void {
    this.problems.push(`${message} [json-pointer:${at}]`)
  }
}
