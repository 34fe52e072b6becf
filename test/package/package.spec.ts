import { PackedPackage, type ModuleFormat } from './packed-package.js';

const FORMATS: ModuleFormat[] = ['module', 'commonjs'];

/** How each module format loads a package. */
const LOAD = {
  module: (name: string) => `await import('${name}')`,
  commonjs: (name: string) => `require('${name}')`,
};

describe('the packed package', () => {
  const packed = new PackedPackage();
  let files: string[];

  beforeAll(async () => {
    files = await packed.install();
  });

  afterAll(() => packed.remove());

  it('holds the build with its declarations, and neither sources nor tests', () => {
    expect(files).toEqual(expect.arrayContaining(['package.json', 'LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts']));
    const others = files.filter((file) => !/^dist\/.*(\.js|\.d\.ts|\.map)$/.test(file));
    expect(others.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  });

  it.each(FORMATS)('loads with its public names in a %s consumer', async (format) => {
    const names: unknown = JSON.parse(
      await packed.evaluate(format, `console.log(JSON.stringify(Object.keys(${LOAD[format]('nestjs-durable')})))`),
    );
    expect(names).toEqual(
      expect.arrayContaining(['DurableModule', 'DurableClient', 'Orchestrator', 'Activity', 'InjectDurableClient', 'TaskFailedError']),
    );
  });

  it.each(FORMATS)('loads its testing entry in a %s consumer', async (format) => {
    const script = `console.log(Object.keys(${LOAD[format]('nestjs-durable/testing')}).length > 0)`;
    expect(await packed.evaluate(format, script)).toBe('true');
  });

  it.each(FORMATS)('compiles and runs an orchestration in a Nest application of type %s', async (format) => {
    expect(JSON.parse(await packed.compileAndRun(format))).toEqual({
      runtimeStatus: 'Completed',
      output: ['Hello Ada!', 'Hello Grace!'],
    });
  });
});
