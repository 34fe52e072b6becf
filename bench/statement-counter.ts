import type { Logger } from 'typeorm';

/**
 * Counts the statements that the module sends, BEGIN and COMMIT included, as TypeORM's logger. Only in passes whose times
 * are not reported.
 */
export class StatementCounter implements Logger {
  statements = 0;

  logQuery(): void {
    this.statements += 1;
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
