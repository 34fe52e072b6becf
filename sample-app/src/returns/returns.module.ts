import { Module } from '@nestjs/common';
import { DeliveryModule } from '../delivery/delivery.module.js';
import { Inspections } from './inspections.js';
import { ReturnsController } from './returns.controller.js';
import { ReturnsService } from './returns.service.js';

@Module({ imports: [DeliveryModule], controllers: [ReturnsController], providers: [Inspections, ReturnsService] })
export class ReturnsModule {}
