import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { scratchDirectory } from '../../scripts/scratch-directory.js';

const ROOT = resolve(import.meta.dirname, '../..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/** What a consumer has installed beside the package: its dependencies, its peers, and the types of Node. */
const INSTALLED = ['@nestjs', '@types', 'better-sqlite3', 'mysql2', 'reflect-metadata', 'rxjs', 'tinyqueue', 'typeorm', 'uuid'];

/** What the workspace nest-11 has in another version. */
const OLDER = ['@nestjs', 'typeorm'];

/** Applications by what they run on: this repository's own dependencies, or the older ones of the workspace nest-11. */
export const ENVIRONMENTS = ['nest-12', 'nest-11'] as const;

export type Environment = (typeof ENVIRONMENTS)[number];

export type ModuleFormat = 'module' | 'commonjs';

const execute = promisify(execFile);

/** Runs a command; an error holds what the command printed, which says more than its exit code. */
async function run(command: string, parameters: string[], options?: { cwd: string }): Promise<{ stdout: string }> {
  return await execute(command, parameters, { ...options, encoding: 'utf8' }).catch((error: Error & { stdout?: string; stderr?: string }) => {
    throw new Error(`${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`, { cause: error });
  });
}

/** The packed package, installed in a temporary directory for each environment, with consumers of both module formats. */
export class PackedPackage {
  private readonly scratch = scratchDirectory('package');

  /** Builds, packs and installs the package; the paths in the tarball. */
  async install(): Promise<string[]> {
    // Not in the repository: other tests may be running what is built there.
    const stage = join(this.scratch.path, 'stage');
    await mkdir(stage);
    for (const file of ['package.json', 'LICENSE', 'README.md', 'CHANGELOG.md']) await cp(join(ROOT, file), join(stage, file));
    await run(process.execPath, [TSC, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(stage, 'dist')]);
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--silent'], { cwd: stage });
    const tarball = join(stage, stdout.trim());
    for (const environment of ENVIRONMENTS) await this.installIn(environment, tarball);
    const { stdout: list } = await run('tar', ['-tzf', tarball]);
    return list.trim().split('\n').map((path) => path.replace(/^package\//, ''));
  }

  async versionOf(environment: Environment, name: string): Promise<string> {
    const file = await readFile(join(this.directory(environment), 'node_modules', name, 'package.json'), 'utf8');
    return (JSON.parse(file) as { version: string }).version;
  }

  /** Runs a script in a consumer of the module format; its standard output. */
  async evaluate(environment: Environment, format: ModuleFormat, script: string): Promise<string> {
    const { stdout } = await run(process.execPath, [`--input-type=${format}`, '-e', script], { cwd: this.directory(environment) });
    return stdout.trim();
  }

  /** Compiles consumer/app.ts with the package's own declarations, strictly, and runs it; its standard output. */
  async compileAndRun(environment: Environment, format: ModuleFormat): Promise<string> {
    const consumer = join(this.directory(environment), format);
    await cp(join(import.meta.dirname, 'consumer'), consumer, { recursive: true });
    await writeFile(join(consumer, 'package.json'), JSON.stringify({ type: format }));
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      types: ['node'],
      rootDir: '.',
      outDir: 'dist',
    };
    await writeFile(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    await run(process.execPath, [TSC, '-p', consumer]);
    const { stdout } = await run(process.execPath, ['dist/app.js', 'durable.sqlite'], { cwd: consumer });
    return stdout.trim();
  }

  remove(): Promise<void> {
    return this.scratch.remove();
  }

  private directory(environment: Environment): string {
    return join(this.scratch.path, environment);
  }

  private async installIn(environment: Environment, tarball: string): Promise<void> {
    const modules = join(this.directory(environment), 'node_modules');
    await mkdir(join(modules, 'nestjs-durable'), { recursive: true });
    await run('tar', ['-xzf', tarball, '-C', join(modules, 'nestjs-durable'), '--strip-components=1']);
    for (const name of INSTALLED) {
      const home = environment === 'nest-11' && OLDER.includes(name) ? join(import.meta.dirname, 'nest-11') : ROOT;
      await symlink(join(home, 'node_modules', name), join(modules, name));
    }
  }
}
