/** Milliseconds that a test of this jest project may take. */
declare var TEST_TIME_LIMIT: number;
