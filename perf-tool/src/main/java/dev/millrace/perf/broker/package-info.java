/** Where the records go: brokers that are there, brokers made for the run, their topic, and what their logs hold afterwards. */
package dev.millrace.perf.broker;
