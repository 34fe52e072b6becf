import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

/**
 * For suites that start child processes: compiles test/chaos/*.ts, and the lib/ that they import, to build/, so that
 * `fork('build/test/chaos/worker.js')` runs test/chaos/worker.ts.
 */
beforeAll(() => {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.tools.json'], {
    cwd: resolve(import.meta.dirname, '../..'),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
});
