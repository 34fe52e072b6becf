import { mysqlCases, singleServerCases } from './cases/mysql.cases.js';
import { describeStore } from './store.contract.js';

describeStore('mysql', (fixture) => {
  mysqlCases(fixture);
  singleServerCases(fixture);
});
