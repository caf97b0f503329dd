import { html, useEffect, useRef, useState } from '../html.js';
import { Icon } from './icon.js';

/**
 * A table that may be wider than its card: an arrow at its edge shows that it goes on, and leads there. Who uses no mouse
 * scrolls the region itself.
 *
 * @param {{ label: string, children?: unknown }} props
 */
export function WideTable({ label, children }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [hasMore, setMore] = useState(false);
  const look = () => {
    const { scrollWidth = 0, clientWidth = 0, scrollLeft = 0 } = box.current ?? {};
    setMore(scrollWidth - clientWidth - scrollLeft > 1);
  };
  useEffect(look);
  useEffect(() => {
    const sizes = new ResizeObserver(look);
    if (box.current !== null) sizes.observe(box.current);
    return () => sizes.disconnect();
  }, []);
  const scrollOn = () => box.current?.scrollBy({ left: box.current.clientWidth / 2 });
  return html`<div class="beyond">
    <div class="scroll" tabindex="0" role="region" aria-label=${label} ref=${box} onScroll=${look}>${children}</div>
    ${hasMore ? html`<button type="button" class="on" tabindex="-1" aria-hidden="true" title="It goes on to the right" onClick=${scrollOn}><${Icon} name="right" /></button>` : null}
  </div>`;
}
