/** Real Kafka brokers in child processes, a sink broker, faults, and checks of delivery guarantees. */
package dev.millrace.testkit;
