import htm from './vendor/htm.js';
import { h } from './vendor/preact.js';

export { useEffect, useErrorBoundary, useLayoutEffect, useMemo, useRef, useState } from './vendor/hooks.js';
export { render } from './vendor/preact.js';

/** Elements from a template. What is put into one is always text or an element, never markup. */
export const html = htm.bind(h);
