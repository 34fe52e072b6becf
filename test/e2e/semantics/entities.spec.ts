/** What an entity is: its id, its state, and what becomes of it when an operation fails. Both forms are in entity-forms.spec.ts. */
import { EntityId } from 'nestjs-durable';
import { callEntities, callEntity, EntityCallers, failureOf, listEntities, outputOfStarted } from '../support/entity-callers.js';
import { useScenarios } from '../support/harness.js';
import { ENTITY_SUBJECTS, type Errand } from './entity-subjects.js';

const scenario = useScenarios({ providers: [...ENTITY_SUBJECTS, EntityCallers] });

/** What no id may hold. */
const FORBIDDEN = ['/', '\\', '#', '?', '\n', '\u0000', '\u007f'];

describe('ids', () => {
  scenario('[N1] are written @name@key; the name ignores case, the key does not', async (run) => {
    const { client, id, stateBecomes } = run;
    const [lower, upper] = [new EntityId('bankAccount', id('key')), new EntityId('BANKACCOUNT', id('KEY'))];
    expect([String(lower), String(upper), lower.name, upper.key]).toEqual([`@bankaccount@${id('key')}`, `@bankaccount@${id('KEY')}`, 'bankaccount', id('KEY')]);
    await client.signalEntity(lower, 'deposit', 1);
    await client.signalEntity(upper, 'deposit', 2);
    await client.signalEntity(EntityId.parse(`@bAnKaCcOuNt@${id('key')}`), 'deposit', 4);
    await stateBecomes(lower, { balance: 5 });
    await stateBecomes(upper, { balance: 2 });
    expect(await listEntities(run)).toEqual([String(upper), String(lower)]);
  });

  scenario('[N1] keys may hold whatever the rules allow, and are compared exactly', async (run) => {
    const keys = ['', ' ', '@', '@a', '%', '_', "'", '"', 'ä', 'a\u0308', 'ß', 'ss', '😀', '.', '🏁'.repeat(20)].map((key) => id(key));
    function id(key: string): string {
      return run.id(`key${key}`);
    }
    const longest = run.id('').padEnd(255 - '@box@'.length, 'x');
    const all = [...keys, longest];
    for (const key of all) await run.client.signalEntity(new EntityId('box', key), 'put', key);
    for (const key of all) await run.stateBecomes(new EntityId('box', key), key);
    expect(await listEntities(run)).toHaveLength(all.length);
    expect(await callEntity(run, new EntityId('box', longest), 'get')).toEqual({ exists: true, state: longest, type: 'string' });
  });

  scenario('[N1] of entities are refused when they break the rules', async ({ id }) => {
    const bad: [string, string][] = [['', 'a'], ['a', ''], ['a@b', 'c'], ['a', 'x'.repeat(253)], ...FORBIDDEN.map((char): [string, string] => ['a', id(char)])];
    for (const [name, key] of bad) expect(() => new EntityId(name, key)).toThrow(expect.objectContaining({ name: 'InvalidInstanceIdError' }));
    for (const text of ['counter', '@counter', 'counter@a', '@@a', '']) expect(() => EntityId.parse(text)).toThrow(expect.objectContaining({ name: 'InvalidInstanceIdError' }));
  });

  scenario('[N1] of instances must not begin with @, exceed 255 characters, or hold / \\ # ? or control characters', async ({ client, id, run }) => {
    const bad = ['@box@a', '@', 'x'.repeat(256), ...FORBIDDEN.map((char) => id(`a${char}b`))];
    for (const instanceId of bad) await expect(client.startNew('started', { instanceId })).rejects.toMatchObject({ name: 'InvalidInstanceIdError' });
    expect(await run('started', 1, { instanceId: id('an@b').padEnd(255, 'x') })).toMatchObject({ output: { input: 1 } });
  });
});

describe('failures', () => {
  scenario('[N5] an operation that throws leaves the state as before it; the caller gets the error', async (run) => {
    const entity = new EntityId('bankaccount', run.id('a'));
    const answers = await callEntities(run, [entity, 'deposit', 10], [entity, 'withdraw', 15], [entity, 'withdraw', 4]);
    expect(answers).toMatchObject([10, { failed: { errorType: 'RangeError', errorMessage: '5 are missing' } }, 6]);
    expect(await run.state(entity)).toEqual({ balance: 6 });
  });

  scenario('[N5] the first operation may fail: then there is no entity', async (run) => {
    const [account, box] = [new EntityId('bankaccount', run.id('a')), new EntityId('box', run.id('a'))];
    const answers = await callEntities(run, [account, 'withdraw', 1], [box, 'burn']);
    expect(answers).toMatchObject([{ failed: { errorMessage: '1 are missing' } }, { failed: { errorMessage: 'a box cannot burn' } }]);
    expect(await listEntities(run)).toEqual([]);
  });

  scenario('[N5] its signals and starts are discarded; those of the operations around it are not', async (run) => {
    const [messenger, files] = [new EntityId('messenger', run.id('a')), new EntityId('archive', run.id('a'))];
    const errand = (label: string, error?: string): Errand => ({ signals: [[files, 'add', label]], starts: [['started', { instanceId: run.id(label) }]], error });
    const answers = await callEntities(run, [messenger, 'run', errand('before')], [messenger, 'run', errand('bad', 'lost')], [messenger, 'run', errand('after')]);
    expect(answers).toMatchObject([[run.id('before')], { failed: { errorType: 'RangeError', errorMessage: 'lost' } }, [run.id('after')]]);
    // In the order sent: what was sent before is there as well.
    await run.stateBecomes(files, ['before', 'after']);
    for (const label of ['before', 'after']) await outputOfStarted(run, run.id(label));
    expect(await run.client.getStatus(run.id('bad'))).toBeNull();
    expect(await run.state(messenger)).toBe(2);
  });

  scenario('[N5] a signaller does not get the error: it is logged', async (run) => {
    const entity = new EntityId('bankaccount', run.id('a'));
    await run.output(await run.start('signalEntities', [[entity, 'deposit', 1], [entity, 'withdraw', 3], [entity, 'deposit', 1]]));
    await run.stateBecomes(entity, { balance: 2 });
    await run.eventually(() => run.logged(String(entity)).length > 0);
    expect(run.logged(String(entity))).toEqual([{ level: 'error', text: expect.stringMatching(/withdraw.*2 are missing/s) }]);
  });

  scenario('[N5] [A2] whatever is thrown gives failure details', async (run) => {
    const entity = new EntityId('box', run.id('a'));
    const answers = await callEntities(run, [entity, 'throw text', 'only text'], [entity, 'throw text']);
    expect(answers).toEqual([0, 1].map(() => ({ failed: expect.objectContaining({ errorType: expect.any(String), errorMessage: expect.any(String) }) })));
    expect(failureOf(answers[0]).errorMessage).toContain('only text');
    expect(await listEntities(run)).toEqual([]);
  });

  scenario('[N5] state and results that JSON cannot hold are failures', async (run) => {
    const entity = new EntityId('unfit', run.id('a'));
    const answers = await callEntities(run, [entity, 'keep', 'good'], [entity, 'state'], [entity, 'result'], [entity, 'keep', 'better']);
    expect(answers).toMatchObject([null, { failed: { errorType: 'SerializationError' } }, { failed: { errorType: 'SerializationError' } }, null]);
    expect(await run.state(entity)).toBe('better');
  });
});

describe('falsy values', () => {
  for (const value of [0, '', false, null]) {
    scenario(`[N6] [O4] ${JSON.stringify(value)} is a state, an input and a result`, async (run) => {
      const entity = new EntityId('box', run.id('a'));
      expect(await callEntities(run, [entity, 'put', value], [entity, 'get'], [entity, 'return input', value])).toEqual([
        'put', { exists: true, state: value, type: typeof value }, value,
      ]);
      await run.stop();
      await run.startAgain();
      expect(await run.client.readEntityState(entity)).toEqual({ entityExists: true, entityState: value });
      expect(await callEntity(run, entity, 'get')).toEqual({ exists: true, state: value, type: typeof value });
      expect(await listEntities(run)).toEqual([String(entity)]);
    });
  }

  scenario('[N6] an entity whose state was deleted disappears when nobody has it locked and nothing waits for it', async (run) => {
    const entity = new EntityId('box', run.id('a'));
    await callEntities(run, [entity, 'put', 1], [entity, 'exit']);
    expect(await run.entityRows(entity)).toEqual({ messages: 0, queued: 0, timers: 0 });
  });
});
