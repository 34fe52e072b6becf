import type { Logger } from 'typeorm';

export interface Statement {
  readonly sql: string;
  readonly values: unknown[];
}

/** Statements that a store sends, while `recording`. */
export class Recorder implements Logger {
  readonly statements = new Map<string, Statement>();
  recording = false;

  logQuery(sql: string, values: unknown[] = []): void {
    if (!this.recording) return;
    const left = [...values];
    // A list of writes is sent as one text.
    for (const one of sql.split('; ')) {
      const own = left.splice(0, one.split('?').length - 1);
      if (/^(SELECT|UPDATE|DELETE)/.test(one)) this.statements.set(one, { sql: one, values: own });
    }
  }

  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
