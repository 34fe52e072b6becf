/** Activities and entities that are as awkward as JavaScript allows: they fail with details, and nothing else does. */
import { EntityId } from '../../../lib/core/entity-id.js';
import { TaskFailedError, type EntityContext, type OrchestrationContext } from '../../../lib/core/index.js';
import { TestEngine } from './support/test-engine.js';

const no = (): never => {
  throw new Error('no');
};
const GETTER = { get: no };
const hostile = (): object => new Proxy({}, { get: no, has: no, getPrototypeOf: no, ownKeys: no, getOwnPropertyDescriptor: no });

const THROWN: readonly (readonly [what: string, make: () => unknown])[] = [
  ['null', () => null],
  ['a proxy whose traps throw', hostile],
  ['an error whose getters throw', () => Object.defineProperties(new Error('x'), { name: GETTER, message: GETTER, stack: GETTER, cause: GETTER })],
  ['an error that is its own cause', () => { const error = new Error('circular'); error.cause = error; return error; }],
  ['an error whose cause is hostile', () => new Error('outer', { cause: hostile() })],
];
const RETURNED: readonly (readonly [what: string, make: () => unknown])[] = [
  ['a proxy whose traps throw', hostile],
  ['an object whose toJSON throws', () => ({ toJSON: no })],
];

describe('hostile handlers', () => {
  let subject: TestEngine;
  let make: () => unknown;
  let ends: 'throws' | 'returns';
  const act = () => {
    if (ends === 'returns') return make();
    throw make();
  };

  beforeAll(async () => {
    subject = await TestEngine.start({
      orchestrators: {
        *subject(ctx: OrchestrationContext, kind: 'activity' | 'entity') {
          try {
            return (yield kind === 'activity' ? ctx.callActivity('acts') : ctx.callEntity(new EntityId('acting', 'a'), 'act')) as unknown;
          } catch (error) {
            return error instanceof TaskFailedError ? error.failureDetails : error;
          }
        },
      },
      activities: { acts: () => act(), calm: () => 'calm' },
      entities: { acting: (ctx: EntityContext<number>) => ctx.return(act()) },
    });
  });
  afterAll(() => subject.engine.close());

  const cases = (['activity', 'entity'] as const).flatMap((kind) => [
    ...THROWN.map(([what, of]) => [kind, 'throws', what, of] as const),
    ...RETURNED.map(([what, of]) => [kind, 'returns', what, of] as const),
  ]);
  // oxlint-disable-next-line no-thenable -- as awkward as can be
  const promised = ['activity', 'returns', 'an object whose then throws', () => Object.defineProperty({}, 'then', { get: no }) as unknown] as const;

  it.each([...cases, promised])('[A2] [N5] %s that %s %s', async (kind, end, _what, of) => {
    [make, ends] = [of, end];
    const id = await subject.startNew('subject', kind);
    expect(await subject.result(id)).toMatchObject({ errorType: expect.any(String), errorMessage: expect.any(String) });
    expect(subject.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
