/** `https://user:password@host` as `https://***@host`: a value as it may be shown. */
export function withoutPassword(text: string): string {
  return text.replace(/\/\/[^/\s,]*@/g, '//***@');
}
