/** Partitioners for Kafka producers: sticky and adaptive without a key, Kafka's own hash with one. */
package dev.millrace.partitioner;
