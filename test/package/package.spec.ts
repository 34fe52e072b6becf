import { ENVIRONMENTS, PackedPackage, type ModuleFormat } from './packed-package.js';

const FORMATS: ModuleFormat[] = ['module', 'commonjs'];
const CONSUMERS = ENVIRONMENTS.flatMap((environment) => FORMATS.map((format) => [environment, format] as const));

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

  it.each([['nest-12', '12.', '1.'], ['nest-11', '11.', '0.3.']] as const)(
    'is tested in %s with the versions that its name says', async (environment, nest, typeorm) => {
      expect((await packed.versionOf(environment, '@nestjs/core')).startsWith(nest)).toBe(true);
      expect((await packed.versionOf(environment, 'typeorm')).startsWith(typeorm)).toBe(true);
    },
  );

  it.each(CONSUMERS)('loads with its public names in %s, in a %s consumer', async (environment, format) => {
    const names: unknown = JSON.parse(
      await packed.evaluate(environment, format, `console.log(JSON.stringify(Object.keys(${LOAD[format]('nestjs-durable')})))`),
    );
    expect(names).toEqual(
      expect.arrayContaining(['DurableModule', 'DurableClient', 'Orchestrator', 'Activity', 'InjectDurableClient', 'TaskFailedError']),
    );
  });

  it.each(CONSUMERS)('loads its testing entry in %s, in a %s consumer', async (environment, format) => {
    const script = `console.log(Object.keys(${LOAD[format]('nestjs-durable/testing')}).length > 0)`;
    expect(await packed.evaluate(environment, format, script)).toBe('true');
  });

  it.each(FORMATS)('loads its Terminus entry where that is installed, in a %s consumer', async (format) => {
    const script = `console.log(Object.keys(${LOAD[format]('nestjs-durable/terminus')}).join())`;
    expect(await packed.evaluate('nest-12', format, script)).toBe('DurableHealthIndicator');
  });

  // nest-11 has no Terminus, and what is tested there besides works.
  it.each(FORMATS)('says what is missing where Terminus is not installed, in a %s consumer', async (format) => {
    await expect(packed.evaluate('nest-11', format, LOAD[format]('nestjs-durable/terminus'))).rejects.toThrow("'@nestjs/terminus'");
  });

  it.each(CONSUMERS)('[A7] [W1] compiles and runs an orchestration with enhancers, also over HTTP, in %s, in an application of type %s', async (environment, format) => {
    const farewell = ['Goodbye! true #1', 'excused me'];
    expect(JSON.parse(await packed.compileAndRun(environment, format))).toEqual({
      direct: { runtimeStatus: 'Completed', output: ['Hello Ada! (durable) #1', 'Hello Grace! (durable) #1', ...farewell] },
      overHttp: { status: 200, output: ['Hello Edsger! (durable) #1', ...farewell] },
    });
  });
});
