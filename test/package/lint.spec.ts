import { execFile } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { scratchDirectory } from '../../scripts/scratch-directory.js';

const ROOT = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** What must not pass lint, by the folder that it stands in. */
const REFUSED: [folder: string, code: string, rule: string][] = [
  ['lib/core', `import '../storage/store.js';`, 'layers'],
  ['lib/core', `export * from '../engine/engine.js';`, 'layers'],
  ['lib/core', `export type A = import('../client/host.js').Host;`, 'layers'],
  ['lib/core', `import 'typeorm';`, 'layers'],
  ['lib/core', `import 'node:fs';`, 'layers'],
  ['lib/core', `export const now = Date.now();`, 'no-restricted-properties'],
  ['lib/core', `export const now = new Date();`, 'no-current-time'],
  ['lib/core', `export const dice = Math.random();`, 'no-restricted-properties'],
  ['lib/core', `export const later = setTimeout(String, 1);`, 'no-restricted-globals'],
  ['lib/core', `export const home = process.env.HOME;`, 'no-restricted-globals'],
  ['lib/storage', `import '../engine/engine.js';`, 'layers'],
  ['lib/storage', `import '@nestjs/common';`, 'layers'],
  ['lib/storage', `import mysql from 'mysql2';\nexport const pool = mysql.createPool({});`, 'layers'],
  ['lib/engine', `import '../storage/typeorm/store.js';`, 'layers'],
  ['lib/engine', `import '../client/host.js';`, 'layers'],
  ['lib/engine', `import 'typeorm';`, 'layers'],
  ['lib/client', `import '../storage/typeorm/store.js';`, 'layers'],
  ['lib/client', `import '../engine/engine.js';`, 'layers'],
  ['lib/http', `import '../engine/engine.js';`, 'layers'],
  ['lib/nest', `import '../testing/index.js';`, 'layers'],
  ['lib/nest', `import '@nestjs/terminus';`, 'layers'],
  ['lib/terminus', `import '../engine/engine.js';`, 'layers'],
  ['lib/testing', `import '../../test/support/databases.js';`, 'layers'],
  ['lib/other', `import '../core/ids.js';`, 'layers'],
  ['sample-app/src', `import '../../lib/index.js';`, 'layers'],
  ['lib/engine', `async function f() {}\nf();`, 'no-floating-promises'],
  ['lib/engine', `import '../engine/ring.js';`, 'no-cycle'],
];

/** What must pass. */
const ALLOWED: [folder: string, code: string][] = [
  ['lib/core', `import { Buffer } from 'node:buffer';\nexport const day = new Date(Buffer.from('a').length);`],
  ['lib/storage', `import '../core/ids.js';\nimport 'typeorm';\nimport 'node:fs';`],
  ['lib/storage', `import type { Pool } from 'mysql2';\nexport const load = (): Promise<{ createPool(): Pool }> => import('mysql2');`],
  ['lib/engine', `import '../core/ids.js';\nimport '../storage/store.js';\nimport '../storage/errors.js';`],
  ['lib/client', `import '../core/ids.js';\nimport '../storage/store.js';`],
  ['lib/http', `import '../client/index.js';\nimport '@nestjs/common';`],
  ['lib/nest', `import '../storage/index.js';\nimport '../engine/engine.js';\nimport '../client/index.js';\nimport '@nestjs/core';`],
  ['lib/terminus', `import '../nest/index.js';\nimport '../client/index.js';\nimport '@nestjs/terminus';`],
  ['lib/testing', `import '../nest/index.js';`],
  ['sample-app/src', `import 'nestjs-durable';\nimport '@nestjs/common';`],
];

describe('the layers of lib/, as lint enforces them', () => {
  const scratch = scratchDirectory('lint');
  let complaints: string[];

  const fileOf = (folder: string, code: string): string =>
    `${folder}/case${[...REFUSED, ...ALLOWED].findIndex((each) => each[0] === folder && each[1] === code)}.ts`;

  const complaintsAbout = (folder: string, code: string): string[] =>
    complaints.filter((line) => line.startsWith(`${fileOf(folder, code)}:`));

  // One run of oxlint, with the project's configuration, over all cases.
  beforeAll(async () => {
    for (const part of ['.oxlintrc.json', 'tsconfig.base.json', 'tsconfig.json', 'package.json', 'scripts/lint']) {
      await cp(join(ROOT, part), join(scratch.path, part), { recursive: true });
    }
    await symlink(join(ROOT, 'node_modules'), join(scratch.path, 'node_modules'));
    for (const [folder, code] of [...REFUSED, ...ALLOWED]) {
      await mkdir(join(scratch.path, folder), { recursive: true });
      await writeFile(join(scratch.path, fileOf(folder, code)), code);
    }
    const ring = REFUSED.findIndex(([, , rule]) => rule === 'no-cycle');
    await writeFile(join(scratch.path, 'lib/engine/ring.ts'), `import './case${ring}.js';`);
    const parameters = [join(ROOT, 'node_modules/oxlint/bin/oxlint'), '--type-aware', '--format=unix', 'lib', 'sample-app'];
    const { stdout } = await run(process.execPath, parameters, { cwd: scratch.path }).catch((error: { stdout: string }) => error);
    complaints = stdout.split('\n').map((line) => line.replace(`${scratch.path}/`, ''));
  });

  afterAll(() => scratch.remove());

  it.each(REFUSED)('%s refuses %s', (folder, code, rule) => {
    expect(complaintsAbout(folder, code)).toContainEqual(expect.stringContaining(`(${rule})`));
  });

  it.each(ALLOWED)('%s allows %s', (folder, code) => {
    expect(complaintsAbout(folder, code).filter((line) => /layers|no-current-time|no-restricted/.test(line))).toEqual([]);
  });
});
