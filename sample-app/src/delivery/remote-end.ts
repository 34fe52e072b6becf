import { NonRetriableError } from 'nestjs-durable';

/** What the management API tells of a finished instance, as far as the shop reads it. */
interface FinishedInstance {
  readonly instanceId: string;
  readonly runtimeStatus: string;
  /** Of a failed one: its failure details; of a terminated one: the reason. */
  readonly output: unknown;
}

/**
 * The output of an instance of the warehouse, from the answer to a question for its status.
 * @throws what {@link refusalOf} makes of another answer
 * @throws {NonRetriableError} when it did not complete
 */
export function outputOf<Output>(statusCode: number, content: string): Output {
  if (statusCode !== 200) throw refusalOf(statusCode, content);
  const { instanceId, runtimeStatus, output } = JSON.parse(content) as FinishedInstance;
  if (runtimeStatus !== 'Completed') throw new NonRetriableError(`${instanceId} of the warehouse is ${runtimeStatus}: ${JSON.stringify(output)}`);
  return output as Output;
}

/** The error of an answer that was not expected. What is wrong with the warehouse may pass; what it refuses it refuses the next time, too. */
export function refusalOf(statusCode: number, content: string): Error {
  return new (statusCode < 500 ? NonRetriableError : Error)(`the warehouse answered ${statusCode}: ${content}`);
}
