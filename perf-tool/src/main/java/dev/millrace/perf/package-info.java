/** The millrace-perf command line. */
package dev.millrace.perf;
