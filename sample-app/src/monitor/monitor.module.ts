import { Module } from '@nestjs/common';
import { MonitorController } from './monitor.controller.js';
import { StockMonitor } from './stock-monitor.service.js';

@Module({ controllers: [MonitorController], providers: [StockMonitor] })
export class MonitorModule {}
