/** Cards as plain HTML, near enough to Slack's look to judge a card by a screenshot. */
type Json = { readonly [key: string]: unknown }

export function cardHtml(message: { readonly text: string; readonly blocks: readonly unknown[] }): string {
  return `<!doctype html><meta charset="utf-8"><title>${escapeHtml(message.text)}</title><style>${STYLE}</style>
<article><header><i>H</i><b>Holdpoint</b> <small>APP</small> <time>2:00 PM</time></header>${message.blocks.map((block) => blockHtml(block as Json)).join('\n')}</article>`
}

const STYLE = `body{font:15px/1.46 Lato,"Noto Sans",sans-serif;color:#1d1c1d;background:#fff;margin:24px}
article{max-width:640px;border-left:4px solid #ddd;padding-left:12px}header i{display:inline-block;width:36px;height:36px;line-height:36px;border-radius:4px;background:#2f5d50;color:#fff;text-align:center;font:bold 20px/36px sans-serif;margin-right:8px}header time{color:#616061;font-size:12px}.user{background:#e8f5fa;color:#1264a3;border-radius:3px;padding:0 2px}.accessory{display:flex;justify-content:space-between;gap:12px}.modal{border:1px solid #ccc;border-radius:8px;box-shadow:0 4px 16px #0003;padding:16px 20px;max-width:520px}.modal footer{text-align:right;border-top:1px solid #ddd;margin-top:12px;padding-top:8px}textarea,select{width:100%;font:inherit;box-sizing:border-box}header small{background:#ddd;font-size:10px;padding:1px 3px;border-radius:2px}
h3{font-size:18px;margin:6px 0}p{margin:4px 0;white-space:pre-wrap}ul{margin:2px 0 6px;padding-left:22px}
pre{background:#f8f8f8;border:1px solid #ddd;border-radius:4px;padding:8px;margin:4px 0;font:12px/1.5 Monaco,Menlo,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
button,a.button{display:inline-block;font:bold 13px sans-serif;border:1px solid #bbb;border-radius:4px;background:#fff;color:#1d1c1d;padding:5px 12px;margin:4px 6px 4px 0;text-decoration:none}
p a,li a{color:#1264a3}a.primary{background:#007a5a;color:#fff;border-color:#007a5a}a.danger{background:#e01e5a;color:#fff;border-color:#e01e5a}code{background:#f8f8f8;border:1px solid #ddd;border-radius:3px;color:#c01343;padding:0 3px;font-size:12px}.context{color:#616061;font-size:12px}`

function blockHtml(block: Json): string {
  const list = (name: string): readonly Json[] => block[name] as readonly Json[]
  switch (block.type) {
    case 'header':
      return `<h3>${textHtml(block.text)}</h3>`
    case 'section':
      return `<div class="accessory"><p>${textHtml(block.text)}</p>${block.accessory === undefined ? '' : buttonHtml(block.accessory as Json)}</div>`
    case 'context':
      return `<p class="context">${list('elements').map(textHtml).join(' ')}</p>`
    case 'actions':
      return `<div>${list('elements').map(buttonHtml).join('')}</div>`
    case 'rich_text':
      return list('elements').map(richHtml).join('')
    case 'input':
      return `<label><b>${textHtml(block.label)}</b><br>${fieldHtml(block.element as Json)}</label>`
    default:
      return '<hr>'
  }
}

function fieldHtml({ type, initial_option: initial, initial_value: value }: Json): string {
  if (type === 'static_select')
    return `<select><option>${textHtml((initial as Json | undefined)?.text ?? { text: '' })}</option></select>`
  return `<textarea rows="3">${escapeHtml(String(value ?? ''))}</textarea>`
}

/** A modal or a home tab. */
export function viewHtml(view: Json): string {
  const blocks = (view.blocks as readonly Json[]).map(blockHtml).join('\n')
  const title = view.title === undefined ? '' : `<h3>${textHtml(view.title)}</h3>`
  const button = (text: unknown, kind: string): string =>
    text === undefined ? '' : `<a class="button ${kind}">${textHtml(text)}</a>`
  const footer =
    view.type === 'modal' ? `<footer>${button(view.close, '')}${button(view.submit, 'primary')}</footer>` : ''
  return `<!doctype html><meta charset="utf-8"><title>view</title><style>${STYLE}</style><div class="${String(view.type)}">${title}${blocks}${footer}</div>`
}

function richHtml(element: Json): string {
  const inner = element.elements as readonly Json[]
  if (element.type === 'rich_text_list')
    return `<ul>${inner.map((row) => `<li>${(row.elements as readonly Json[]).map(spanHtml).join('')}</li>`).join('')}</ul>`
  const tag = element.type === 'rich_text_preformatted' ? 'pre' : 'p'
  return `<${tag}>${inner.map(spanHtml).join('')}</${tag}>`
}

function spanHtml(span: Json): string {
  const style = (span.style ?? {}) as Json
  if (span.type === 'user') return `<span class="user">@${escapeHtml(String(span.user_id))}</span>`
  let html = escapeHtml(String(span.text ?? span.fallback ?? span.url ?? `@${String(span.user_id)}`))
  if (span.type === 'link') html = `<a href="${escapeHtml(String(span.url))}">${html}</a>`
  if (style.code) html = `<code>${html}</code>`
  return style.bold ? `<b>${html}</b>` : html
}

function buttonHtml(button: Json): string {
  const kind = button.style === undefined ? '' : ` ${String(button.style)}`
  const link = button.url === undefined ? '' : ` href="${escapeHtml(String(button.url))}"`
  return `<a class="button${kind}"${link} data-action="${escapeHtml(String(button.action_id))}">${textHtml(button.text)}</a>`
}

const textHtml = (text: unknown): string => escapeHtml(String((text as Json).text))

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
