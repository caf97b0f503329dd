/** Moves that are none. @type {WeakSet<Event>} */
const still = new WeakSet();

/** Browsers tell of a move also when what lies under the mouse has changed, as when a dialog closes. */
export function beginPointer() {
  let last = { x: Number.NaN, y: Number.NaN };
  for (const type of /** @type {const} */ (['mousemove', 'mousedown', 'mouseup']))
    addEventListener(
      type,
      (event) => {
        const { screenX: x, screenY: y } = event;
        if (last.x === x && last.y === y) still.add(event);
        last = { x, y };
      },
      true,
    );
}

/**
 * Whether the mouse itself has moved.
 *
 * @param {MouseEvent} event
 */
export function hasMoved(event) {
  return !still.has(event);
}
