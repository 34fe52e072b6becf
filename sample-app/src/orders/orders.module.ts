import { Module } from '@nestjs/common';
import { ShopModule } from '../shop/shop.module.js';
import { OrderService } from './order.service.js';
import { OrdersController } from './orders.controller.js';
import { ParseOrderPipe } from './parse-order.pipe.js';

@Module({ imports: [ShopModule], controllers: [OrdersController], providers: [OrderService, ParseOrderPipe] })
export class OrdersModule {}
