/** Contracts of {@link dev.millrace.ParallelConsumer}: what users give it, and what it tells them. */
package dev.millrace.consumer;
