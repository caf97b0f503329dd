/** Code units that hide text, or put it in another order: the first and the last one of each run. */
const UNSEEN = [
  [0x0000, 0x001f],
  [0x007f, 0x009f],
  [0x00ad, 0x00ad],
  [0x061c, 0x061c],
  [0x180e, 0x180e],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
];

/**
 * A text that a guest has chosen, with what cannot be seen made visible: \u202e.
 *
 * @param {string} text
 */
export function visible(text) {
  return Array.from(text, (each) => (isUnseen(each.charCodeAt(0)) ? escaped(each) : each)).join('');
}

/** @param {number} code */
function isUnseen(code) {
  return UNSEEN.some(([first = 0, last = 0]) => code >= first && code <= last);
}

/** @param {string} character */
function escaped(character) {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
