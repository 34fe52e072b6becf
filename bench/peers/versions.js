import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'));

/** The version of a package that is measured: package.json names it exactly. @param {string} name @returns {string} */
export const versionOf = (name) => dependencies[name];
