/** What the management API tells of a finished instance, as far as the shop reads it. */
interface FinishedInstance {
  readonly instanceId: string;
  readonly runtimeStatus: string;
  /** Of a failed one: its failure details; of a terminated one: the reason. */
  readonly output: unknown;
}

/**
 * The output of an instance of the warehouse, from the answer to a question for its status.
 * @throws {Error} when it did not complete, or when this is no such answer
 */
export function outputOf<Output>(statusCode: number, content: string): Output {
  if (statusCode !== 200) throw new Error(`the warehouse answered ${statusCode}: ${content}`);
  const { instanceId, runtimeStatus, output } = JSON.parse(content) as FinishedInstance;
  if (runtimeStatus !== 'Completed') throw new Error(`${instanceId} of the warehouse is ${runtimeStatus}: ${JSON.stringify(output)}`);
  return output as Output;
}
