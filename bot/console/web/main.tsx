import { render } from 'preact'
import { App } from './app.tsx'
import './base.css'
import './frame.css'
import './controls.css'
import './lists.css'
import './hold.css'
import './consequences.css'
import './states.css'
import './releases.css'
import './phones.css'

const root = document.getElementById('app')
if (root !== null) {
  const { development, reviewed } = document.body.dataset
  render(<App development={development === 'true'} reviewed={reviewed === 'true'} />, root)
}
