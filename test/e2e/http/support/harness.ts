/**
 * Rows of the table in semantics.md section 5, over HTTP: on Express with SQLite, and on Fastify with MySQL/MariaDB.
 *
 *   const row = useApi({ providers: [Subject] });      // once per spec file: the applications are shared
 *
 *   row('[W4] DELETE purges a finished instance', async ({ DELETE, run, id }) => {
 *     await run('returns', 1, { instanceId: id('a') });
 *     expect((await DELETE(`instances/${id('a')}`)).body).toEqual({ instancesDeleted: 1 });
 *   });
 *
 * A test is given what a scenario is given (test/e2e/support/harness.ts), and `GET`, `POST` and `DELETE`. What it leaves
 * unfinished is terminated.
 */
import type { AppOptions } from '../../support/harness.js';
import { ApiApp, FRONTS } from './api-app.js';
import { ApiRun } from './api-run.js';

export type { ApiRun } from './api-run.js';
export { expectRefusal, linksTo, type ApiAnswer } from './calls.js';

/** Starts the applications of this spec file and stops them after its last test. Answers `row`. */
export function useApi(options: AppOptions): (name: string, body: (run: ApiRun) => Promise<void>) => void {
  const apps = new Map<string, ApiApp>();
  let count = 0;

  beforeAll(async () => {
    for (const [adapter, database] of FRONTS) {
      const app = new ApiApp(adapter, database, { ...options, settings: { http: { allowAnonymous: true }, ...options.settings } });
      apps.set(`${adapter} ${database}`, app);
      await app.start();
    }
  });

  afterAll(async () => {
    for (const app of apps.values()) await app.drop();
  });

  return (name, body) => {
    const number = (count += 1);
    it.each(FRONTS)(`${name} (%s, %s)`, async (adapter, database) => {
      const run = new ApiRun(apps.get(`${adapter} ${database}`)!, number);
      await run.play(() => body(run));
    });
  };
}
