import { Signal } from './signal.js';

/** What this browser remembers; nothing about guests, and no secret. */
const PREFIX = 'vps-gateway.';

/**
 * @param {string} name
 * @returns {string | null}
 */
function remembered(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // A browser that keeps nothing: it holds for this tab.
  }
}

const prefersDark = matchMedia('(prefers-color-scheme: dark)');

/** @returns {'light' | 'dark'} */
function themeNow() {
  const chosen = document.documentElement.dataset['theme'];
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return prefersDark.matches ? 'dark' : 'light';
}

/** @type {Signal<'light' | 'dark'>} */
export const theme = new Signal(themeNow());
prefersDark.addEventListener('change', () => theme.set(themeNow()));

export function switchTheme() {
  const other = themeNow() === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset['theme'] = other;
  remember('theme', other);
  theme.set(other);
}

/** Whether single keys do something: WCAG 2.1.4. */
export const singleKeys = new Signal(remembered('keys') !== 'off');

/** @param {boolean} isOn */
export function setSingleKeys(isOn) {
  singleKeys.set(isOn);
  remember('keys', isOn ? 'on' : 'off');
}

/** Warnings that were put aside in this browser: until when, by id, title and level. */
export const asides = new Signal(readAsides());

/** @returns {Readonly<Record<string, number>>} */
function readAsides() {
  try {
    const value = JSON.parse(remembered('asides') ?? '{}');
    return Object.fromEntries(
      Object.entries(value).filter(([, until]) => typeof until === 'number' && until > Date.now()),
    );
  } catch {
    return {};
  }
}

/**
 * @param {string} key
 * @param {number} until Wall-clock milliseconds.
 */
export function putAside(key, until) {
  const next = { ...asides.value, [key]: until };
  asides.set(next);
  remember('asides', JSON.stringify(next));
}
