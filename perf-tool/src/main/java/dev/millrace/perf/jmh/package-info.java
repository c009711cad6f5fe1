/** The JMH suite. Benchmarks may look inside of everything; nothing uses them. */
package dev.millrace.perf.jmh;
