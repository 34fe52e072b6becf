/** What this package needs of a logger: a part of Nest's `LoggerService`. */
export interface DurableLogger {
  log(message: unknown, ...optionalParams: unknown[]): void;
  error(message: unknown, ...optionalParams: unknown[]): void;
  warn(message: unknown, ...optionalParams: unknown[]): void;
  debug?(message: unknown, ...optionalParams: unknown[]): void;
  verbose?(message: unknown, ...optionalParams: unknown[]): void;
  fatal?(message: unknown, ...optionalParams: unknown[]): void;
}

/**
 * A logger that puts `prefix` before each message and writes only while `isEnabled` answers true: the lines of an
 * orchestrator appear once, not again on each replay [O12].
 */
export function prefixedLogger(
  target: DurableLogger,
  prefix: () => string,
  isEnabled: () => boolean,
): Required<DurableLogger> {
  const write = (level: keyof DurableLogger) => (message: unknown, ...rest: unknown[]) => {
    if (!isEnabled()) return;
    if (message instanceof Error) target[level]?.(`${prefix()} ${message.stack ?? message.message}`, ...rest);
    else if (typeof message === 'object' && message !== null) target[level]?.(prefix(), message, ...rest);
    else target[level]?.(`${prefix()} ${String(message)}`, ...rest);
  };
  return {
    log: write('log'),
    error: write('error'),
    warn: write('warn'),
    debug: write('debug'),
    verbose: write('verbose'),
    fatal: write('fatal'),
  };
}
