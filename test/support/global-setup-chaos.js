import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import globalSetup from './global-setup.js';

/**
 * jest's globalSetup of the chaos project: the databases, and build/test/chaos/*.js compiled from test/chaos/*.ts with
 * the lib/ that it imports, for child processes: `fork('build/test/chaos/worker.js')`.
 */
export default async function globalSetupOfChaos() {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.tools.json'], {
    cwd: resolve(import.meta.dirname, '../..'),
    stdio: 'inherit',
  });
  await globalSetup();
}
