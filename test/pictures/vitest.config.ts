import { defineConfig } from 'vitest/config';

/** `npm run pictures`: the pictures of README and docs, made of the real page in a real browser, and of the real lab. */
export default defineConfig({
  root: `${import.meta.dirname}/../..`,
  test: { include: ['test/pictures/*.test.ts'], testTimeout: 300_000, hookTimeout: 60_000 },
});
