/** Fills a topic, has a consumer handle its records, and measures and checks that: each record once, and all committed. */
package dev.millrace.perf.consume;
