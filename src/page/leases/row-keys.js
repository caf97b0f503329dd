import { onViewKey } from '../frame/keys.js';
import { useEffect } from '../html.js';

/** Keys of the rows: j and k go from one to the next; the others press what is in the row's menu. */
export function useRowKeys() {
  useEffect(
    () =>
      onViewKey((key, at) => {
        if (key === 'j' || key === 'k') return step(key === 'j' ? 1 : -1);
        const row = at.closest('tr[data-address]');
        if (row === null) return false;
        if (key === 'x') {
          row.querySelector('input')?.click();
          return true;
        }
        if (!['e', 'm', 's', 'c'].includes(key)) return false;
        const button = row.querySelector('[aria-haspopup="menu"]');
        if (button instanceof HTMLElement) button.click();
        requestAnimationFrame(() => {
          const item = document.querySelector(`.menu [data-key="${key}"]`);
          if (item instanceof HTMLElement) item.click();
        });
        return true;
      }),
    [],
  );
}

/** @param {number} by */
function step(by) {
  const links = [...document.querySelectorAll('tr[data-address] td.a a')];
  const row = document.activeElement?.closest('tr[data-address]');
  const at = links.findIndex((link) => row?.contains(link));
  const next = links[at < 0 ? 0 : Math.max(0, Math.min(links.length - 1, at + by))];
  if (next instanceof HTMLElement) next.focus();
  return next !== undefined;
}
