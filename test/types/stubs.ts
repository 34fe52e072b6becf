/**
 * Compiled by `npm run typecheck`, never run: the typed stubs of context and client.
 */
import {
  Activity, Orchestrator,
  type ActivityContext, type DurableClient, type Orchestration, type OrchestrationContext,
} from 'nestjs-durable';

interface Receipt {
  readonly paidAt: Date;
  readonly amount: number;
}

class Shop {
  readonly taxRate = 0.2;

  @Activity()
  async pay(amount: number, _ctx: ActivityContext): Promise<Receipt> {
    return { paidAt: new Date(), amount };
  }

  @Orchestrator()
  *sell(ctx: OrchestrationContext, amount: number): Orchestration<string> {
    const { pay } = ctx.activities(Shop);
    const receipt = yield* pay(amount, { retry: { firstRetryInterval: 1, maxNumberOfAttempts: 2 } });
    receipt.paidAt satisfies string; // What crosses as JSON is no Date any more.
    // @ts-expect-error the input has the method's type
    yield* pay('a lot');
    return yield* ctx.orchestrators(Shop).audit();
  }

  @Orchestrator()
  *audit(_ctx: OrchestrationContext): Orchestration<string> {
    return 'fine';
  }
}

export async function starts(client: DurableClient): Promise<void> {
  const { sell, audit } = client.orchestrators(Shop);
  (await sell(5, { instanceId: 'order-1', onConflict: 'reject' })) satisfies string;
  await audit();
  await audit(undefined, { startAt: new Date() });
  // @ts-expect-error the input is required
  await sell();
  // @ts-expect-error and has the method's type
  await sell('5');
  // @ts-expect-error an activity is not started by clients [A1]
  await client.orchestrators(Shop).pay(5);
}
