/** Two producers, or two settings of one, measured in turn: the runs, each in a process of its own, and what follows from them. */
package dev.millrace.perf.compare;
