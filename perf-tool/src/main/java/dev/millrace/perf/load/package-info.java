/** Sends a load through a producer and measures it: schedule, callers, acknowledgements, and what it cost the process. */
package dev.millrace.perf.load;
