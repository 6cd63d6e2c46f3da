import { render } from 'preact'
import { App } from './app.tsx'
import './console.css'

const root = document.getElementById('app')
if (root !== null) render(<App development={document.body.dataset.development === 'true'} />, root)
