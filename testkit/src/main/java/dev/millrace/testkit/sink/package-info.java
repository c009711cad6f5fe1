/**
 * The inside of {@link dev.millrace.testkit.SinkBroker}: one selector thread that answers produce and fetch requests
 * from their bytes alone, and the few other requests by Kafka's own message classes.
 */
package dev.millrace.testkit.sink;
