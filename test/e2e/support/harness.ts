/**
 * Scenarios of semantics.md, end to end: an application with real providers, on SQLite and on MySQL/MariaDB, warm
 * (generators stay in memory) and cold (every episode replays the history). Both must give the same histories (I5).
 *
 *   @Injectable()                                         // without it Nest cannot know what to inject
 *   class Greetings {
 *     constructor(private readonly gates: Gates) {}       // Gates is provided everywhere; see gates.ts
 *
 *     @Activity()
 *     async greet(name: string): Promise<string> {
 *       await this.gates.pass(name);                      // waits until the scenario opens this gate
 *       return `Hello ${name}`;
 *     }
 *
 *     @Orchestrator()
 *     *greeting(ctx: OrchestrationContext, name: string): Orchestration<string> {
 *       yield* ctx.createTimer(60_000);
 *       return yield* ctx.activities(Greetings).greet(name);
 *     }
 *   }
 *
 *   const scenario = useScenarios({ providers: [Greetings] });   // once per spec file: the applications are shared
 *
 *   scenario('[O4] a result survives', async ({ client, clock, gates, id, start, output }) => {
 *     const instance = await start('greeting', 'Ada', { instanceId: id('ada') });    // id(): the same, warm and cold
 *     clock.advance(60_000);                                      // durable timers; everything else is real time
 *     await gates.reached('Ada');
 *     gates.open('Ada');
 *     expect(await output(instance)).toBe('Hello Ada');           // waits; fails when the instance does not complete
 *   });
 *
 * What a scenario is given is in scenario-run.ts. It runs once warm and once cold in each of two jest tests, one for each
 * database. Afterwards the histories of all instances that it started, sub-orchestrations included, are checked and
 * compared, and so are the states of its entities (histories.ts); instances that it left unfinished are terminated and not
 * compared. It waits for the signals that it has sent to be carried out: `stateBecomes`.
 */
import { DATABASES } from '../../support/databases.js';
import { compareRuns } from './histories.js';
import { ScenarioApp, type AppOptions } from './scenario-app.js';
import { ScenarioRun, type Mode } from './scenario-run.js';

export { Gates } from './gates.js';
export type { AppOptions } from './scenario-app.js';
export type { ScenarioRun } from './scenario-run.js';

export type ScenarioBody = (run: ScenarioRun) => Promise<void>;

const MODES: readonly Mode[] = ['warm', 'cold'];

/** Starts the applications of this spec file and stops them after its last test. Answers `scenario`. */
export function useScenarios(options: AppOptions): (name: string, body: ScenarioBody) => void {
  const apps = new Map<string, ScenarioApp>();
  const pairs = DATABASES.flatMap((database) => MODES.map((mode) => ({ database, mode })));
  let count = 0;

  beforeAll(async () => {
    for (const { database, mode } of pairs) {
      const app = new ScenarioApp(database, {
        ...options,
        settings: { ...options.settings, extendedSessionsEnabled: mode === 'warm' },
      });
      apps.set(`${database} ${mode}`, app);
      await app.start();
    }
  });

  afterAll(async () => {
    for (const app of apps.values()) await app.drop();
  });

  return (name, body) => {
    const number = (count += 1);
    it.each(DATABASES)(`${name} (%s)`, async (database) => {
      const records = [];
      for (const mode of MODES) {
        const run = new ScenarioRun(apps.get(`${database} ${mode}`)!, mode, number);
        records.push(await run.play(body));
      }
      compareRuns(records[0]!, records[1]!);
    });
  };
}
