import { render } from 'preact'
import './console.css'

render(<p>Holdpoint</p>, document.getElementById('app') as HTMLElement)
