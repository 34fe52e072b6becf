import type { LoggerService } from '@nestjs/common';

export interface LogLine {
  readonly level: 'log' | 'error' | 'warn' | 'debug' | 'verbose' | 'fatal';
  readonly text: string;
}

/** Keeps what the applications log. Nest has one logger for all of a process: the lines name their instance. */
export class LogLines implements LoggerService {
  private lines: LogLine[] = [];

  readonly log = this.write('log');
  readonly error = this.write('error');
  readonly warn = this.write('warn');
  readonly debug = this.write('debug');
  readonly verbose = this.write('verbose');
  readonly fatal = this.write('fatal');

  /** The lines that hold `part`, oldest first. */
  about(part: string): LogLine[] {
    return this.lines.filter(({ text }) => text.includes(part));
  }

  clear(): void {
    this.lines = [];
  }

  private write(level: LogLine['level']) {
    return (message: unknown): void => void this.lines.push({ level, text: String(message) });
  }
}

/** The logger of every application of the harness. */
export const LOG_LINES = new LogLines();
