/**
 * Tests of what a {@link dev.millrace.ParallelConsumer} is given, its handler above all, without a broker, threads or waiting:
 * {@link dev.millrace.consumer.testing.ParallelConsumerTestDriver}. On top of everything; nothing else uses it.
 */
package dev.millrace.consumer.testing;
