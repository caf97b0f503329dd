'use strict';
// Loads one file of the program. What V8 has compiled of it when the program was built is kept beside it, for each version
// of V8 and each set of its flags apart. Where nothing fits, V8 compiles as ever.
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { cachedDataVersionTag } = require('node:v8');
const { Script } = require('node:vm');
const { nameSources } = require('./stack-traces.cjs');

/**
 * @param name The file in this folder; its text is a function of (module, exports, require, __filename).
 * @param isKept Whether what V8 has compiled by the end of this thread is written beside the file.
 * @returns What the file exports.
 */
exports.load = (name, isKept = false) => {
  const filename = join(__dirname, name);
  const cache = `${filename}.${cachedDataVersionTag()}.cache`;
  const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
  // All is ASCII, and so V8 gets a string of one byte a character.
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
  nameSources(filename);
  if (isKept) process.on('exit', () => writeFileSync(cache, script.createCachedData()));
  const module = { exports: {} };
  script.runInThisContext()(module, module.exports, createRequire(filename), filename);
  return module.exports;
};
