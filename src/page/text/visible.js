/**
 * What hides text, changes its order, or covers what is around it: control and format characters, those that show nothing, spaces
 * at the ends or side by side, and the fourth mark on one letter. Joiners are well between letters that need them, as Persian
 * ones, and so is what makes an emoji of a sign.
 */
const UNSEEN =
  /(?!(?<=\P{ASCII})[\u200c\u200d](?=\P{ASCII})|(?<=\p{Emoji})\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|^\p{Zs}|\p{Zs}$|(?<=\p{Zs})\p{Zs}|(?<=\p{M}{3})\p{M}/gu;

/**
 * A text that a guest has chosen, with what cannot be seen made visible: \u202e.
 *
 * @param {string} text
 */
export function visible(text) {
  return text.replace(UNSEEN, escaped);
}

/** @param {string} character */
function escaped(character) {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
}
