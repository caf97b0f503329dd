/** Behind a scheme, to the last @ before the next scheme: a password may have any character. */
const IN_URL = /:\/\/(?:(?!:\/\/).)*@/gs;
/** `user:password@host`, where the scheme was forgotten. */
const WITHOUT_SCHEME = /(^|[\s,])[^\s,/:@]*:(?!\/\/)\S*@/g;

/** `https://user:password@host` as `https://***@host`: a value as it may be shown. */
export function withoutPassword(text: string): string {
  return text.replace(IN_URL, '://***@').replace(WITHOUT_SCHEME, '$1***@');
}
