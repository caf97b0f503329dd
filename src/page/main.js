import { keepConnected } from './api/connection.js';
import { Frame } from './frame/frame.js';
import { beginKeys } from './frame/keys.js';
import { html, render } from './html.js';
import { beginClock } from './state/clock.js';
import { beginPointer } from './state/pointer.js';
import { beginRouting } from './state/route.js';

const root = document.getElementById('page');
if (root !== null) {
  beginRouting();
  beginClock();
  beginKeys();
  beginPointer();
  render(html`<${Frame} />`, root);
  void keepConnected();
}
