/** What is told of a run: the verdict, the text, the JSON, the histogram log, and the progress while it lasts. */
package dev.millrace.perf.report;
