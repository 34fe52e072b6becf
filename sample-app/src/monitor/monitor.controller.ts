import { Body, Controller, Delete, Get, HttpCode, NotFoundException, Post } from '@nestjs/common';
import { DurableClient, InjectDurableClient } from 'nestjs-durable';
import { wholeNumber } from '../support/bad-request.js';
import { StockMonitor } from './stock-monitor.service.js';

/** There is one monitor, so its id is fixed; no order can have it, since orders have no colon. */
const MONITOR = 'monitor:stock';
const DAY = 86_400;

@Controller('monitor')
export class MonitorController {
  constructor(@InjectDurableClient() private readonly client: DurableClient) {}

  /** A monitor that runs already stands in the way (409); one that was stopped is replaced. */
  @Post()
  @HttpCode(202)
  async start(@Body() body?: { threshold?: unknown; intervalSeconds?: unknown }) {
    const { threshold = 10, intervalSeconds = 10 } = body ?? {};
    const watch = {
      threshold: wholeNumber('threshold', threshold, 1_000_000),
      intervalSeconds: wholeNumber('intervalSeconds', intervalSeconds, DAY),
      round: 1,
    };
    const id = await this.client.orchestrators(StockMonitor).watch(watch, { instanceId: MONITOR });
    return { id, links: { self: '/monitor' } };
  }

  @Get()
  async get() {
    const status = await this.client.getStatus(MONITOR);
    if (status === null) throw new NotFoundException('The monitor was never started: POST /monitor starts it.');
    return { status: status.runtimeStatus, watch: status.input, latest: status.customStatus ?? null, since: status.createdTime };
  }

  @Delete()
  @HttpCode(202)
  async stop() {
    await this.client.raiseEvent(MONITOR, 'stop', true);
    return { id: MONITOR, links: { self: '/monitor' } };
  }
}
