import { execFile } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { scratchDirectory } from '../../scripts/scratch-directory.js';

const ROOT = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** What must not pass lint, by the file that it stands in. */
const REFUSED: [file: string, code: string, rule: string][] = [
  ['lib/core/a.ts', `import '../storage/store.js';`, 'layers'],
  ['lib/core/a.ts', `export * from '../engine/engine.js';`, 'layers'],
  ['lib/core/a.ts', `export type A = import('../client/host.js').Host;`, 'layers'],
  ['lib/core/a.ts', `import 'typeorm';`, 'layers'],
  ['lib/core/a.ts', `import 'node:fs';`, 'layers'],
  ['lib/core/a.ts', `export const now = Date.now();`, 'no-restricted-properties'],
  ['lib/core/a.ts', `export const now = new Date();`, 'no-current-time'],
  ['lib/core/a.ts', `export const dice = Math.random();`, 'no-restricted-properties'],
  ['lib/core/a.ts', `export const later = setTimeout(String, 1);`, 'no-restricted-globals'],
  ['lib/core/a.ts', `export const home = process.env.HOME;`, 'no-restricted-globals'],
  ['lib/storage/a.ts', `import '../engine/engine.js';`, 'layers'],
  ['lib/storage/a.ts', `import '@nestjs/common';`, 'layers'],
  ['lib/engine/a.ts', `import '../storage/typeorm/store.js';`, 'layers'],
  ['lib/engine/a.ts', `import '../client/host.js';`, 'layers'],
  ['lib/engine/a.ts', `import 'typeorm';`, 'layers'],
  ['lib/client/a.ts', `import '../storage/typeorm/store.js';`, 'layers'],
  ['lib/client/a.ts', `import '../engine/engine.js';`, 'layers'],
  ['lib/http/a.ts', `import '../engine/engine.js';`, 'layers'],
  ['lib/nest/a.ts', `import '../testing/index.js';`, 'layers'],
  ['lib/testing/a.ts', `import '../../test/support/databases.js';`, 'layers'],
  ['lib/other/a.ts', `import '../core/ids.js';`, 'layers'],
  ['sample-app/src/a.ts', `import '../../lib/index.js';`, 'layers'],
  ['lib/engine/a.ts', `async function f() {}\nf();`, 'no-floating-promises'],
  ['lib/engine/a.ts', `import './b.js';`, 'no-cycle'],
];

/** What must pass. */
const ALLOWED: [file: string, code: string][] = [
  ['lib/core/a.ts', `import { Buffer } from 'node:buffer';\nexport const day = new Date(Buffer.from('a').length);`],
  ['lib/storage/a.ts', `import '../core/ids.js';\nimport 'typeorm';\nimport 'node:fs';`],
  ['lib/engine/a.ts', `import '../core/ids.js';\nimport '../storage/store.js';\nimport '../storage/errors.js';`],
  ['lib/client/a.ts', `import '../core/ids.js';\nimport '../storage/store.js';`],
  ['lib/http/a.ts', `import '../client/index.js';\nimport '@nestjs/common';`],
  ['lib/nest/a.ts', `import '../storage/index.js';\nimport '../engine/engine.js';\nimport '../client/index.js';\nimport '@nestjs/core';`],
  ['lib/testing/a.ts', `import '../nest/index.js';`],
  ['sample-app/src/a.ts', `import 'nestjs-durable';\nimport '@nestjs/common';`],
];

describe('the layers of lib/, as lint enforces them', () => {
  const scratch = scratchDirectory('lint');
  let cases = 0;

  afterAll(() => scratch.remove());

  /** What oxlint, with the project's configuration, says about a file. */
  async function lint(file: string, code: string): Promise<string> {
    const directory = join(scratch.path, String(cases++));
    const written = join(directory, file);
    await mkdir(dirname(written), { recursive: true });
    for (const part of ['.oxlintrc.json', 'tsconfig.base.json', 'tsconfig.json', 'package.json', 'scripts/lint']) {
      await cp(join(ROOT, part), join(directory, part), { recursive: true });
    }
    await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    await writeFile(written, code);
    await writeFile(join(dirname(written), 'b.ts'), `import './a.js';`);
    const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
    const parameters = [oxlint, '--type-aware', '--format=unix', written];
    return await run(process.execPath, parameters, { cwd: directory }).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
  }

  it.each(REFUSED)('%s refuses %s', async (file, code, rule) => {
    expect(await lint(file, code)).toContain(`(${rule})`);
  });

  it.each(ALLOWED)('%s allows %s', async (file, code) => {
    expect(await lint(file, code)).not.toContain('(layers)');
  });
});
